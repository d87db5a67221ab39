import type { AgentSnapshot, Tier } from '@countersign/contracts';
import { newScope } from '../cel/scope.ts';
import type { Value } from '../cel/value.ts';
import type { CompiledBundle, CompiledTool } from './compile.ts';
import { readRow } from './matrix.ts';

/** What of an agent rules can know before it proposes anything. */
export type StandingAgent = Pick<AgentSnapshot, 'roles' | 'environment' | 'ceiling' | 'runtimeTrusted'>;
/** `atLeast`: no proposal of this agent for this tool comes out lower. `atMost`: no rule names a higher one. `denied`: every proposal is. */
export interface TierRange { readonly denied: boolean; readonly atLeast: Tier; readonly atMost: Tier }

/**
 * What the rules say of a tool in an agent's hands whatever it proposes. Everything that only a proposal makes known is left open: a rule counts for
 * `atLeast` where it is true all the same (`true || x` is true in CEL even where `x` fails), and is left out of `atMost` where it is false all the same.
 */
export const tierRange = (bundle: CompiledBundle, { name, snapshot }: CompiledTool, agent: StandingAgent): TierRange => {
  const index = bundle.index(name);
  const known: Readonly<Record<string, Value>> = {
    'tool.consequential': snapshot.consequential, 'tool.reversible': snapshot.reversible, 'tool.data': snapshot.dataClasses,
    'agent.roles': agent.roles, 'agent.environment': agent.environment, 'agent.trusted': agent.runtimeTrusted, 'agent.ceiling': agent.ceiling,
  };
  const read = (fact: string): Value | undefined => (Object.hasOwn(known, fact) ? known[fact] : undefined);
  let denied = !index.permitted, atLeast = 1, atMost = 1;
  const names = (tier: number, surely: boolean): void => { atMost = Math.max(atMost, tier); if (surely) atLeast = Math.max(atLeast, tier); };
  if (snapshot.consequential) names(2, true);
  if (index.never) names(3, true);
  // An attested instruction that names target and amount takes this one away.
  if (snapshot.consequential && !snapshot.reversible) names(3, false);
  for (const row of index.matrix) {
    const said = readRow(row, snapshot.consequential, read);
    if (said !== null) names('tier' in said ? said.tier : 4, 'tier' in said);
  }
  const scope = newScope([]);
  for (const { name: fact, slot, missing } of index.loads) scope.slots[slot] = read(fact) ?? missing;
  for (const rule of index.rules) {
    scope.fuel = Number.MAX_SAFE_INTEGER;
    const holds = rule.when.run(scope);
    if (holds === false) continue;
    if (rule.decision === 'deny' && holds === true) denied = true;
    names(Math.max(rule.tier ?? 1, rule.decision === 'step_up' ? 3 : 1), holds === true);
    // One that cannot be evaluated raises.
    if (holds !== true) names(3, false);
  }
  const ceiling = atLeast === 2 && agent.ceiling === 1 ? 3 : atLeast;
  return { denied, atLeast: ceiling as Tier, atMost: Math.max(atMost, ceiling) as Tier };
};
