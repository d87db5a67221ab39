import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { Json, JsonObject, ToolSnapshot } from '@countersign/contracts';
import type { ActionStatus } from './action.ts';

/**
 * requested → proposed → executing → reversed · failed · unknown; not_needed where nothing ran. `requested` waits for a known outcome and for everything
 * the run did afterwards. Up to `executing` nothing has happened, so that it may be begun again; from there on nobody tries blindly.
 */
export type ReversalStatus = 'requested' | 'proposed' | 'executing' | 'reversed' | 'failed' | 'unknown' | 'not_needed';

export const reversalMoves: Readonly<Record<ReversalStatus, readonly ReversalStatus[]>> = {
  requested: ['proposed', 'failed'], proposed: ['requested', 'executing'], executing: ['proposed'], reversed: ['executing', 'unknown'], failed: ['requested', 'proposed', 'executing', 'unknown'], unknown: ['executing'], not_needed: ['requested', 'unknown'],
};

/** What is known of the action that is to be taken back. */
export interface Ran {
  readonly run: string; readonly action: string; readonly agent: string; readonly tool: string; readonly status: ActionStatus; readonly tier: number;
  readonly grantedAt: number | null; readonly reversibleUntil: number | null; readonly outcome: string | null; readonly arguments: JsonObject | null; readonly result: string | null;
}
export interface Reversal { readonly run: string; readonly action: string; readonly status: ReversalStatus; readonly grantedAt: number }

export type ReversalCode = 'not_found' | 'not_reversible' | 'reversal_over' | 'reversal_arguments' | 'conflict' | 'forbidden';

/** Whether the outcome is known, and whether there is something to take back. */
export const standing = ({ status, outcome }: Pick<Ran, 'status' | 'outcome'>): 'wait' | 'nothing' | 'ran' => {
  if (outcome === 'succeeded' || outcome === 'partial') return 'ran';
  if (outcome === 'failed' || outcome === 'not_executed' || status === 'denied' || (status === 'cancelled' && outcome === null)) return 'nothing';
  return 'wait';
};

/**
 * Whether an action may be taken back: it was granted, its tool has a compensator, its time is not over, and nobody has asked before. A reversal that
 * failed may be asked for again: what failed is known not to have happened.
 */
export const mayReverse = (ran: Ran | undefined, tool: ToolSnapshot | undefined, before: ReversalStatus | undefined, now: number): { readonly status: 'ok'; readonly compensator: string } | Refused<ReversalCode> => {
  if (ran === undefined) return refused<ReversalCode>('not_found', 'there is no such action');
  if (before !== undefined && before !== 'failed') return refused<ReversalCode>('conflict', `its reversal is ${before}`);
  if (ran.grantedAt === null) return refused<ReversalCode>('not_reversible', 'it was never granted');
  if (tool?.compensator == null) return refused<ReversalCode>('not_reversible', `${ran.tool} has no compensator in the catalogue`);
  if (ran.reversibleUntil === null || now > ran.reversibleUntil) return refused<ReversalCode>('reversal_over', 'the time in which it can be taken back is over');
  return { status: 'ok', compensator: tool.compensator };
};

/** Top-level members of a result that its tool's declaration does not leave to strangers. */
const trustedResult = ({ result }: Pick<Ran, 'result'>, tool: ToolSnapshot, parse: (text: string) => Json | undefined): JsonObject => {
  const parsed = result === null ? undefined : parse(result);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {};
  const fields = tool.resultFields as Readonly<Record<string, string>>;
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => (Object.hasOwn(fields, name) ? fields[name] : tool.resultTrust) !== 'third_party'));
};

/**
 * Arguments of the compensator: what a person says, else what the action was called with under the same name, else what its tool returned under it, as
 * far as that is no stranger's. A tool that is its own compensator needs a person to say what was there before: nothing else knows.
 */
export const compensation = (ran: Ran, tool: ToolSnapshot, compensator: ToolSnapshot, said: JsonObject | null, parse: (text: string) => Json | undefined): { readonly status: 'ok'; readonly arguments: JsonObject } | Refused<ReversalCode> => {
  const schema = compensator.schema as { readonly properties?: Readonly<Record<string, unknown>>; readonly required?: readonly string[] };
  const names = Object.keys(schema.properties ?? {});
  if (tool.tool === compensator.tool && said === null) return refused<ReversalCode>('reversal_arguments', `${tool.tool} takes back itself: say with which arguments (what was there before)`);
  const sources: readonly JsonObject[] = tool.tool === compensator.tool ? [said!, ran.arguments ?? {}] : [said ?? {}, ran.arguments ?? {}, trustedResult(ran, tool, parse)];
  const found: Record<string, Json> = {};
  for (const name of names) {
    const source = sources.find((one) => Object.hasOwn(one, name));
    if (source !== undefined) found[name] = source[name]!;
  }
  const lacking = (schema.required ?? []).filter((name) => !Object.hasOwn(found, name));
  const unknown = Object.keys(said ?? {}).filter((name) => !names.includes(name));
  if (unknown.length > 0) return refused<ReversalCode>('reversal_arguments', `${compensator.tool} has no argument ${unknown.join(', ')}`);
  return lacking.length > 0 ? refused<ReversalCode>('reversal_arguments', `nothing says ${lacking.join(', ')} of ${compensator.tool}: say it`) : { status: 'ok', arguments: found };
};

/** Which reversals of a run may begin: the last thing it did first, and nothing before what came after it is settled. One that failed or is unknown holds up those before it until people have looked. */
export const mayBegin = (reversals: readonly Reversal[]): readonly Reversal[] => {
  const open = reversals.filter(({ status }) => status !== 'reversed' && status !== 'not_needed').toSorted((a, b) => b.grantedAt - a.grantedAt || (a.action < b.action ? 1 : -1));
  const first = open[0];
  return first?.status === 'requested' ? [first] : [];
};
