import type { AgentSnapshot, Delegation, DelegationContext, GovernedEnded, GovernedStarted, Json, JsonObject, Money } from '@countersign/contracts';
import { delegateTool, within } from '@countersign/kernel';
import { permits } from './permissions.ts';
import type { Scoped } from './permissions.ts';
import { resultSchemaFault } from './result-schema.ts';
import type { ActionState, RunState } from './state.ts';
import type { Level, World } from './world.ts';

/** Of a child run: what it hangs on, the nearest first, and what it may at most. Set aside in the run that delegated, so nothing is spent twice. */
export interface Delegated {
  readonly action: string;
  readonly ancestors: DelegationContext['ancestors'];
  readonly calls: number; readonly money: Money | null; readonly tokens: number | null;
  readonly resultSchema: JsonObject | null;
}

/** What an action of a run sets aside for its child. */
export interface Allotment { readonly calls: number; readonly money: Money | null; readonly tokens: number }

interface Fault { readonly code: string; readonly detail: string }
const fault = (code: string, detail: string): Fault => ({ code, detail });

/** Bounds where the configuration names none: agents one behind the other, and children of a run at once. */
export const defaultDelegation = { depth: 3, children: 16 } as const;
const mostData = 24;
const longestData = 64;

export const delegatedBy = ({ delegation, message, token }: GovernedStarted): Delegated | null => {
  if (delegation === undefined || message.delegation === undefined || token.parent === undefined) return null;
  const { calls, money, tokens, resultSchema } = message.delegation.arguments;
  return { action: token.parent.action, ancestors: delegation.ancestors, calls, money: money ?? null, tokens: tokens ?? null, resultSchema: resultSchema ?? null };
};

/** What the arguments of a delegation say; the tool's own schema has been checked. Null for every other tool. */
export const delegationIn = (tool: string, args: JsonObject): Delegation | null => (tool === delegateTool ? args as unknown as Delegation : null);

/** The action itself is a call as well. */
export const allotmentOf = ({ calls, money, tokens = 0 }: Delegation): Allotment => ({ calls: calls + 1, money: money ?? null, tokens });

const severity: readonly Level[] = ['normal', 'raised', 'stale', 'high'];

/**
 * Who acts in a child run: its agent, held to the strictest of everybody it acts for, as they are now: each active and permitted the tool (`scoped`: as far as these permissions go), none of
 * them nor their runs halted; the lowest ceiling, the highest anomaly level, a trusted runtime only where all are.
 */
export const actingFor = (world: World, run: RunState, { ancestors }: Delegated, agent: AgentSnapshot, own: Level, tool: string, except: string): Fault | { readonly agent: AgentSnapshot; readonly level: Level; readonly owners: readonly string[]; readonly scoped: readonly Scoped[] } => {
  const scoped: Scoped[] = [];
  let { ceiling, runtimeTrusted } = agent;
  let level = own;
  const owners = [agent.owner];
  for (const behind of ancestors) {
    const one = world.agent(behind.agent);
    if (one === undefined || one.tenant !== run.tenant) return fault('unknown_agent', `the agent ${behind.agent}, for which it acts, is not registered`);
    if (one.status !== 'active') return fault('agent_not_active', `the agent ${behind.agent}, for which it acts, is ${one.status}`);
    const permitted = permits(one, tool);
    if (permitted === false) return fault('not_permitted', `the tool is outside of what ${behind.agent}, for which it acts, may do`);
    if (permitted !== true) scoped.push(permitted);
    const halt = world.halt(run.tenant, behind.agent, tool, behind.run, except);
    if (halt !== null) return fault('halted', `stopped by halt ${halt}, on what it hangs on`);
    const revoked = world.revoked?.(behind.run, { ...run, agent: behind.agent, jkt: behind.jkt });
    if (revoked !== undefined) return fault('credential_revoked', `the ${revoked} of ${behind.agent}, for which it acts, was revoked`);
    ceiling = Math.min(ceiling, one.ceiling) as typeof ceiling;
    runtimeTrusted &&= one.runtimeTrusted;
    const theirs = world.level(behind.agent, behind.run).effective;
    if (severity.indexOf(theirs) > severity.indexOf(level)) level = theirs;
    if (!owners.includes(one.owner)) owners.push(one.owner);
  }
  return { agent: { ...agent, ceiling, runtimeTrusted }, level, owners, scoped };
};

/** Whether the run may delegate this, as far as that is no matter of rules or budgets; null where it may. */
export const delegationFault = (world: World, run: RunState, agent: AgentSnapshot, wanted: Delegation): Fault | null => {
  const { depth, children } = { ...defaultDelegation, ...world.limits.delegation };
  const to = world.agent(wanted.agent);
  if (to === undefined || to.tenant !== run.tenant) return fault('unknown_agent', `the agent ${wanted.agent} is not registered`);
  if (to.status !== 'active') return fault('agent_not_active', `the agent ${wanted.agent} is ${to.status}`);
  if (wanted.agent === run.agent || run.delegation?.ancestors.some((one) => one.agent === wanted.agent) === true) return fault('delegation_limit', `the agent ${wanted.agent} is in the chain already`);
  if (run.past.depth + 1 > depth) return fault('delegation_limit', `at most ${depth} agents act one for the other`);
  const patterns = wanted.scope.split(' '), held = [...agent.permissions, ...(agent.scoped?.flatMap(({ permission }) => permission.tools) ?? [])];
  const beyond = patterns.find((pattern) => !within(pattern, held) || (run.scope !== '' && !within(pattern, run.scope.split(' '))));
  if (beyond !== undefined) return fault('invalid_scope', `${beyond} is more than the run itself may do`);
  const open = [...run.actions.values()].filter((action) => action.delegated !== null && action.status === 'granted').length;
  if (open >= children) return fault('delegation_limit', `at most ${children} delegations of a run at once`);
  if (run.dataTouched.length > mostData || run.dataTouched.some((name) => name.length > longestData)) return fault('delegation_limit', `the run has touched more than ${mostData} data classes: no child could be told of them`);
  const schema = wanted.resultSchema === undefined ? null : resultSchemaFault(wanted.resultSchema) ?? world.results?.schemaFault(wanted.resultSchema) ?? null;
  return schema === null ? null : fault('arguments_invalid', `resultSchema: ${schema}`);
};

/** A child's own bounds, and tokens that a delegation has to set aside; null while they are kept. */
export const overAllotment = (world: World, run: RunState, action: ActionState | undefined, wanted: Delegation | null, takes: { readonly calls: number; readonly money: Money | null }): string | null => {
  const own = run.delegation;
  if (own !== null) {
    if (run.calls - (action?.reservedCalls ?? 0) + takes.calls > own.calls) return `the delegation has used its ${own.calls} calls`;
    if (own.tokens !== null && run.past.tokens >= own.tokens) return `the delegation has used its ${own.tokens} tokens`;
    if (own.money === null && takes.money !== null && takes.money.minor > 0) return 'no money was delegated';
  }
  if (wanted === null) return null;
  const tokens = Math.min(world.limits.budget?.tokens ?? Infinity, own?.tokens ?? Infinity);
  if (tokens !== Infinity && wanted.tokens === undefined) return 'the run\'s tokens are limited: say how many are delegated';
  return run.past.tokens + (wanted.tokens ?? 0) > tokens ? `more than the ${tokens} tokens of the run` : null;
};

/** What the grant of a delegation tells of the run, signed with it: the child's partition knows nothing else of this one. */
export const contextFor = (world: World, run: RunState, runId: string): DelegationContext => ({
  ancestors: [{ run: runId, agent: run.agent, jkt: run.jkt }, ...run.delegation?.ancestors ?? []], instruction: world.digest(run.instruction.text), attestedBy: run.instruction.attestedBy,
  data: [...run.dataTouched], unclassified: run.past.unclassified,
});

const longestResult = 16_384;
const mostClasses = 256;

/** How a child run ends, towards the one that delegated; undefined for any other run. What it returns without having been asked goes nowhere. */
export const returnOf = (world: World, run: RunState, result: Json | undefined, completed: boolean): GovernedEnded['delegation'] => {
  const own = run.delegation;
  if (own === null) return undefined;
  const wrong = completed ? resultFault(world, own.resultSchema, result) : null;
  return {
    run: own.ancestors[0]!.run, action: own.action, spent: { calls: run.calls, money: run.spend, tokens: run.past.tokens },
    data: run.dataTouched.slice(0, mostClasses), unclassified: run.past.unclassified || run.dataTouched.length > mostClasses,
    ...(result !== undefined && { result }), ...(wrong !== null && { fault: wrong.slice(0, 500).toWellFormed() }),
  };
};

const resultFault = (world: World, schema: JsonObject | null, result: Json | undefined): string | null => {
  if (schema === null) return result === undefined ? null : 'nothing was asked to be returned';
  if (result === undefined) return 'nothing was returned';
  if (JSON.stringify(result).length > longestResult) return `longer than ${longestResult} characters`;
  return world.results === undefined ? 'it cannot be checked here' : world.results.fault(schema, result);
};
