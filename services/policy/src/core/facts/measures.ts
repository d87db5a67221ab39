import { Failure } from '../cel/value.ts';
import type { Result } from '../cel/value.ts';
import type { Act, Past, ToolUse } from '../past.ts';
import { covers } from '@countersign/kernel';

/** Which acts of the run: all conditions hold. Without `denied` those that were granted. */
export interface ActsSpec {
  readonly tools?: readonly string[];
  /** Any of these data classes, as the tool declared them when it was used. */
  readonly data?: readonly string[];
  readonly consequential?: boolean;
  readonly denied?: boolean;
}

/**
 * A measure of the run's past, read by rules as `context.<name>`. Exactly one of:
 * `count` how many such acts · `sum` of their amounts, minor units of the currency in `currency` · `happened` whether there was one.
 * `within` looks back that long only; `since` no further than the latest act of that kind (the whole run where there was none).
 */
export interface MeasureSpec {
  readonly count?: ActsSpec; readonly sum?: ActsSpec; readonly happened?: ActsSpec; readonly currency?: string;
  readonly withinMs?: number; readonly since?: ActsSpec;
}

export type Measure = (past: Past, now: number) => Result;

const far = (): Failure => new Failure('it reaches further back than the acts that are remembered', false);

/** Compiles a measure. The answer is an integer, or a boolean for `happened`; a Failure where the past it needs is not all remembered. */
export const measure = (spec: MeasureSpec): Measure => {
  const what = spec.count ?? spec.sum ?? spec.happened!;
  const of = selector(what);
  const back = spec.since === undefined ? undefined : { of: selector(spec.since), denied: spec.since.denied === true };
  const add = adder(spec);
  const denied = what.denied === true;
  return (past, now) => {
    const floor = back === undefined ? -1 : latest(past, back.of, back.denied);
    if (spec.withinMs === undefined && (floor < 0 || spec.happened !== undefined)) return overall(past, of, denied, floor, spec);
    const from = spec.withinMs === undefined ? -Infinity : now - spec.withinMs;
    return add(past, (act) => act.denied === denied && of(act.use), from, floor);
  };
};

/** Whether a tool's use is meant; the answer for its name is remembered. */
const selector = (spec: ActsSpec): ((use: ToolUse) => boolean) => {
  const named = new Map<string, boolean>();
  const byName = (tool: string): boolean => {
    let known = named.get(tool);
    if (known === undefined) {
      known = spec.tools!.some((pattern) => covers(pattern, tool));
      if (named.size < 10_000) named.set(tool, known);
    }
    return known;
  };
  return (use) => (spec.tools === undefined || byName(use.tool))
    && (spec.consequential === undefined || use.consequential === spec.consequential)
    && (spec.data === undefined || use.data.some((name) => spec.data!.includes(name)));
};

/** Ordinal of the latest such act; -1 for never. */
const latest = (past: Past, of: (use: ToolUse) => boolean, denied: boolean): number => {
  let last = -1;
  for (const use of past.tools.values()) if (of(use)) last = Math.max(last, denied ? use.lastDenied : use.lastGranted);
  return last;
};

/** Without a window the totals by tool answer, however long the run is. */
const overall = (past: Past, of: (use: ToolUse) => boolean, denied: boolean, floor: number, spec: MeasureSpec): Result => {
  if (spec.happened !== undefined) return latest(past, of, denied) > floor;
  let total = 0;
  for (const use of past.tools.values()) {
    if (!of(use)) continue;
    if (spec.count !== undefined) total += denied ? use.denied : use.granted;
    else for (const currency in use.minor) {
      if (currency === spec.currency) total += use.minor[currency]!;
      else if (use.minor[currency] !== 0) return new Failure(`an act was in ${currency}, not in ${spec.currency}`, false);
    }
  }
  return total;
};

type Adder = (past: Past, is: (act: Act) => boolean, from: number, floor: number) => Result;

/** Walks back over single acts: those after `from` (epoch ms) and after the act with ordinal `floor`. */
const adder = (spec: MeasureSpec): Adder => (past, is, from, floor) => {
  let total = 0;
  for (let i = past.acts.length - 1; i >= 0; i--) {
    const act = past.acts[i]!;
    if (act.at <= from || act.n <= floor) return spec.happened !== undefined ? false : total;
    if (!is(act)) continue;
    if (spec.happened !== undefined) return true;
    if (spec.count !== undefined) total++;
    else if (act.currency === spec.currency) total += act.minor;
    else if (act.currency !== null && act.minor !== 0) return new Failure(`an act was in ${act.currency}, not in ${spec.currency}`, false);
  }
  // Everything remembered was looked at: whether that is all there was depends on what was let go.
  if (past.forgotten > from && (past.acts[0]?.n ?? 0) > floor + 1) return far();
  return spec.happened !== undefined ? false : total;
};
