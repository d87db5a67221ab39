import type { Fact, Money } from '@countersign/contracts';
import { delegateTool } from '@countersign/kernel';
import { distanceOf } from './facts/distance.ts';

/** How often a run used one tool, and what the tool was when it last did. */
export interface ToolUse {
  readonly tool: string;
  granted: number;
  denied: number;
  /** Ordinals of the latest grant and the latest deny; -1 for never. */
  lastGranted: number;
  lastDenied: number;
  /** Minor units by currency, over all grants. */
  readonly minor: Record<string, number>;
  data: readonly string[];
  consequential: boolean;
}

/** One act of a run: it was granted or denied. `minor` follows what its outcome says it cost. */
export interface Act { readonly n: number; readonly at: number; readonly use: ToolUse; readonly denied: boolean; minor: number; currency: string | null }

/** What a run has done so far, as windows, counts and sequences see it. Bounded: totals by tool are kept whole, single acts only the latest. */
export interface Past {
  readonly startedAt: number;
  /** Actors between the accountable person and this agent: 0 acts directly, 1 on behalf of another agent, … */
  readonly depth: number;
  /** Ordinal of the next act. */
  next: number;
  readonly acts: Act[];
  /** When the newest act was decided that is not in `acts` any more; 0 while all are. */
  forgotten: number;
  readonly tools: Map<string, ToolUse>;
  consequential: number;
  tokens: number;
  /** Actions that wait, or are granted and have no outcome yet. */
  open: number;
  /** 0 to 100; core/facts/distance.ts has the formula. */
  drift: number;
  /** Something ran of which nobody said what data it touches. */
  unclassified: boolean;
}

/** Most acts of a run that windows can look at one by one. */
export const actsKept = 1_000;

export const noPast = (startedAt = 0, depth = 0): Past => ({
  startedAt, depth, next: 0, acts: [], forgotten: 0, tools: new Map(), consequential: 0, tokens: 0, open: 0, drift: 0, unclassified: false,
});

type Facts = Readonly<Record<string, Fact>>;

/** Counts how far a proposal is from the instruction, once for each action. */
export const proposedAct = (past: Past, facts: Facts): void => {
  if (facts['tool.consequential']?.value === true) past.drift = drifted(past.drift, distanceOf(facts));
};

/** The drift after one more act: a quarter of the way towards its distance. */
export const drifted = (drift: number, distance: number): number => drift + (distance - drift) / 4;

/** Remembers what was granted or denied for good, and answers the act. */
export const remember = (past: Past, tool: string, now: number, denied: boolean, facts: Facts, money: Money | null): Act => {
  let use = past.tools.get(tool);
  if (use === undefined) past.tools.set(tool, use = { tool, granted: 0, denied: 0, lastGranted: -1, lastDenied: -1, minor: {}, data: [], consequential: false });
  const data = facts['tool.data']?.value;
  if (Array.isArray(data)) use.data = data as readonly string[];
  if (facts['tool.consequential'] !== undefined) use.consequential = facts['tool.consequential'].value === true;
  const n = past.next++;
  const last = past.acts.at(-1);
  const at = last === undefined ? now : Math.max(now, last.at);
  const act: Act = { n, at, use, denied, minor: denied ? 0 : money?.minor ?? 0, currency: denied ? null : money?.currency ?? null };
  if (denied) {
    use.denied++;
    use.lastDenied = n;
  } else {
    use.granted++;
    use.lastGranted = n;
    if (use.consequential) past.consequential++;
    // A delegation touches nothing itself; its child says what it did.
    if (use.data.length === 0 && tool !== delegateTool) past.unclassified = true;
    if (act.currency !== null) use.minor[act.currency] = (use.minor[act.currency] ?? 0) + act.minor;
  }
  past.acts.push(act);
  // Let go in one stroke now and then: shifting one by one would cost more than all the rest.
  if (past.acts.length >= 2 * actsKept) past.forgotten = past.acts.splice(0, actsKept).at(-1)!.at;
  return act;
};

/** The outcome says what it really cost. */
export const settleAct = (act: Act, money: Money | null): void => {
  if (money === null || (money.currency === act.currency && money.minor === act.minor)) return;
  const { minor } = act.use;
  if (act.currency !== null) minor[act.currency] = (minor[act.currency] ?? 0) - act.minor;
  act.minor = money.minor;
  act.currency = money.currency;
  minor[money.currency] = (minor[money.currency] ?? 0) + money.minor;
};
