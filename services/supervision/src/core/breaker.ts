import type { GovernedRecord, Money } from '@countersign/contracts';
import { moneyText } from '@countersign/kernel';

export type BreakerKind = 'agent' | 'tool';
/** Whether one that opens stops its agent or tool, or is only on the record. */
export type BreakerEffect = 'stop' | 'record';

/** When a breaker opens, and for how long. Shares are of what ended (errors) or was decided (denials) within the window; null: does not count. */
export interface BreakerLimits {
  readonly scope: BreakerKind;
  /** Ids it is for; `*` stands for any characters. The first that fits counts. */
  readonly match: string;
  readonly windowMs: number;
  /** Fewer than this within the window say nothing. */
  readonly minimum: number;
  readonly errors: number | null;
  readonly denials: number | null;
  readonly spend: Money | null;
  /** How long it stays open; doubled with each time in a row. */
  readonly coolMs: number;
  /** So many that work, without one that fails, close it again. */
  readonly trial: number;
}

/** What was counted of one agent and tool in one slot of time. */
export interface Count { readonly agent: string; readonly tool: string; readonly slot: number; readonly ended: number; readonly failed: number; readonly decided: number; readonly denied: number; readonly spend: Readonly<Record<string, number>> }

export const slotMs = 5_000;
export const slotOf = (at: number): number => Math.floor(at / slotMs);
/** Longest time that a breaker stays open before it tries again. */
const longestCoolMs = 3_600_000;
/** A tool's failures must come from so many agents: one runtime's word stops nobody else. */
const agentsOfTool = 2;

/** Errors are what a tool can be ill with, so only they are on unless somebody says otherwise: what agents are denied or spend differs from house to house. */
export const defaultLimits: readonly BreakerLimits[] = (['agent', 'tool'] as const).map((scope) => ({ scope, match: '*', windowMs: 60_000, minimum: 20, errors: 0.5, denials: null, spend: null, coolMs: 60_000, trial: 5 }));

export type BreakerState =
  | { readonly status: 'closed'; readonly times: number; readonly since: number }
  | { readonly status: 'open'; readonly times: number; readonly since: number; readonly until: number; readonly why: string }
  | { readonly status: 'half_open'; readonly times: number; readonly since: number; readonly why: string; /** Since when as many were let through as the trial takes: no more are, until it is known what came of them. */ readonly full?: number };
export const closed: BreakerState = { status: 'closed', times: 0, since: 0 };
export type BreakerEvent =
  | { readonly type: 'breaker_opened'; readonly at: number; readonly until: number; readonly why: string }
  | { readonly type: 'breaker_half_opened'; readonly at: number }
  | { readonly type: 'breaker_trial_full'; readonly at: number }
  | { readonly type: 'breaker_closed'; readonly at: number };

export const evolveBreaker = (state: BreakerState, event: BreakerEvent): BreakerState => {
  switch (event.type) {
    case 'breaker_opened': return { status: 'open', times: state.times + 1, since: event.at, until: event.until, why: event.why };
    case 'breaker_half_opened': return { status: 'half_open', times: state.times, since: event.at, why: state.status === 'closed' ? '' : state.why };
    case 'breaker_trial_full': return state.status === 'half_open' ? { ...state, full: event.at } : state;
    case 'breaker_closed': return { status: 'closed', times: 0, since: event.at };
  }
};

/** Whether its scope stands still: it is open, or its trial is full. */
export const holds = (state: BreakerState): boolean => state.status === 'open' || (state.status === 'half_open' && state.full !== undefined);

const pattern = (match: string): RegExp => new RegExp(`^${match.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
export const limitsOf = (limits: readonly BreakerLimits[], kind: BreakerKind, id: string): BreakerLimits | undefined => limits.find((one) => one.scope === kind && pattern(one.match).test(id));

interface Sum { ended: number; failed: number; decided: number; denied: number; readonly spend: Record<string, number>; readonly failing: Set<string> }

/** Counts of one agent or tool since a moment. */
const sumOf = (counts: readonly Count[], kind: BreakerKind, id: string, since: number): Sum => {
  const sum: Sum = { ended: 0, failed: 0, decided: 0, denied: 0, spend: {}, failing: new Set() };
  for (const one of counts) {
    if (one[kind] !== id || one.slot < slotOf(since)) continue;
    sum.ended += one.ended; sum.failed += one.failed; sum.decided += one.decided; sum.denied += one.denied;
    if (one.failed > 0) sum.failing.add(one.agent);
    for (const [currency, minor] of Object.entries(one.spend)) sum.spend[currency] = (sum.spend[currency] ?? 0) + minor;
  }
  return sum;
};

/** Why a breaker opens; undefined where it does not. */
const tripped = (sum: Sum, { scope, minimum, errors, denials, spend }: BreakerLimits): string | undefined => {
  if (spend !== null && (sum.spend[spend.currency] ?? 0) > spend.minor) return `spent ${moneyText({ minor: sum.spend[spend.currency]!, currency: spend.currency })} of ${moneyText(spend)}`;
  // A tool is ill where more than one agent finds it so; one that lies about its outcomes trips its own breaker.
  if (errors !== null && sum.ended >= minimum && sum.failed >= errors * sum.ended && (scope === 'agent' || sum.failing.size >= agentsOfTool)) return `${sum.failed} of ${sum.ended} failed`;
  if (denials !== null && scope === 'agent' && sum.decided >= minimum && sum.denied >= denials * sum.decided) return `${sum.denied} of ${sum.decided} were denied`;
  return undefined;
};

/**
 * What a breaker does next: opens where its limits are passed, tries after its time, opens again at the first failure of the trial (for twice as long) and
 * closes when the trial held. What it counts before it was last closed does not count again. A trial lets through as many as it takes, and what is decided until
 * everybody has heard that it is full; it tries again where nobody said in time what came of them.
 */
export const nextOfBreaker = (state: BreakerState, counts: readonly Count[], limits: BreakerLimits, id: string, now: number): BreakerEvent | undefined => {
  const open = (why: string): BreakerEvent => ({ type: 'breaker_opened', at: now, until: now + Math.min(limits.coolMs * 2 ** Math.min(state.times, 16), longestCoolMs), why });
  switch (state.status) {
    case 'closed': {
      const why = tripped(sumOf(counts, limits.scope, id, Math.max(now - limits.windowMs, state.since)), limits);
      return why === undefined ? undefined : open(why);
    }
    case 'open':
      // In a new slot, so that what opened it is not counted in the trial.
      return now >= state.until && slotOf(now) > slotOf(state.since) ? { type: 'breaker_half_opened', at: now } : undefined;
    case 'half_open': {
      const sum = sumOf(counts, limits.scope, id, state.since);
      const spent = limits.spend !== null && (sum.spend[limits.spend.currency] ?? 0) > limits.spend.minor;
      if ((limits.errors !== null && sum.failed > 0) || spent || (limits.denials !== null && limits.scope === 'agent' && sum.denied > 0)) return open(`the trial failed: ${spent ? 'spent too much' : sum.failed > 0 ? `${sum.failed} of ${sum.ended} failed` : `${sum.denied} of ${sum.decided} were denied`}`);
      if (sum.ended - sum.failed >= limits.trial) return { type: 'breaker_closed', at: now };
      if (state.full === undefined) return sum.decided - sum.denied >= limits.trial ? { type: 'breaker_trial_full', at: now } : undefined;
      return now >= state.full + limits.coolMs ? { type: 'breaker_half_opened', at: now } : undefined;
    }
  }
};

/** Denials that an agent causes; what a halt, a budget or a clock denies says nothing about it. */
const ownDenials: ReadonlySet<string> = new Set(['rule_denied', 'never_automate', 'not_permitted', 'outside_permission', 'out_of_scope', 'unknown_tool', 'arguments_invalid']);

/** What a record counts for; undefined where it counts for nothing. */
export const countOf = (record: GovernedRecord): Count | undefined => {
  if (record.agent === null || (record.kind !== 'action.decided' && record.kind !== 'action.outcome')) return undefined;
  const base = { agent: record.agent, tool: record.tool, slot: slotOf(record.now), ended: 0, failed: 0, decided: 0, denied: 0, spend: {} };
  if (record.kind === 'action.decided') {
    const denied = record.decision.decision === 'deny' && ownDenials.has(record.decision.code ?? '');
    return { ...base, decided: record.decision.decision === 'deny' && !denied ? 0 : 1, denied: denied ? 1 : 0 };
  }
  const { status } = record.message, money = record.settled.money;
  return { ...base, ended: status === 'not_executed' ? 0 : 1, failed: status === 'failed' ? 1 : 0, spend: money === null ? {} : { [money.currency]: money.minor } };
};

/** One count for each agent, tool and slot. */
export const addUp = (counts: readonly Count[]): readonly Count[] => [...Map.groupBy(counts, ({ agent, tool, slot }) => JSON.stringify([agent, tool, slot])).values()].map((group) => group.reduce((a, b) => ({
  ...a, ended: a.ended + b.ended, failed: a.failed + b.failed, decided: a.decided + b.decided, denied: a.denied + b.denied,
  spend: Object.fromEntries([...new Set([...Object.keys(a.spend), ...Object.keys(b.spend)])].map((currency) => [currency, (a.spend[currency] ?? 0) + (b.spend[currency] ?? 0)])),
})));
