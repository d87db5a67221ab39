import type { Json, JsonObject, Modification } from '@countersign/contracts';
import { sameJson } from '@countersign/kernel';
import type { Judgement, KnownTool, Question, Rewrite, Verdict, World } from './world.ts';
import { redactText } from './redact.ts';
import { stricterOf } from './stricter.ts';

/** Most bytes that changed arguments may have: they stand in the record and in the reply beside what was proposed. */
const maxBytes = 24 * 1024;

/** An action judged in full. `arguments`: what may be executed and what people are asked about; `modified` null where that is what was proposed. */
export interface Judged { readonly judgement: Judgement; readonly arguments: JsonObject; readonly modified: Modification | null; readonly fault: { readonly code: string; readonly detail: string } | null }

/**
 * What rules say of an action: of its arguments as proposed and, where they demand changes, once more of the changed ones, which have to fit the
 * tool's schema and to satisfy every rule as they are. The stricter of both verdicts holds, so that a change never loosens.
 */
export const judgeModified = (world: World, tool: KnownTool, question: Question): Judged => {
  const first = world.judge(question);
  const proposed = question.proposal.arguments;
  const rewrites = first.verdict.modify ?? null;
  if (rewrites === null) return { judgement: first, arguments: proposed, modified: null, fault: null };
  const failed = (code: string, detail: string, judgement = first, modified: Modification | null = null): Judged => ({ judgement, arguments: proposed, modified, fault: { code, detail } });

  const applied = applyRewrites(proposed, rewrites, world.digest);
  if (!applied.ok) return failed('rewrite_invalid', applied.why);
  if (applied.changes.length === 0) return { judgement: { ...first, verdict: unchanged(first.verdict) }, arguments: proposed, modified: null, fault: null };
  const modified: Modification = { arguments: applied.arguments, changes: applied.changes, proposedFacts: first.facts, ...(first.failed.length > 0 && { proposedFailed: first.failed }) };
  const wrong = world.argumentsFault(tool, applied.arguments);
  if (wrong !== null) return failed('rewrite_invalid', `after the change: ${wrong}`);

  const second = world.judge({ ...question, proposal: { ...question.proposal, arguments: applied.arguments } });
  const again = applyRewrites(applied.arguments, second.verdict.modify ?? [], world.digest);
  if (!again.ok || again.changes.length > 0) return failed('rewrite_unstable', again.ok ? `would be changed again: ${again.changes.map(({ path }) => path).join(', ')}`.slice(0, 500) : again.why, second, modified);
  return { judgement: { ...second, verdict: stricterOf(first.verdict, second.verdict) }, arguments: applied.arguments, modified, fault: null };
};

/** Rules demand what is there already: nothing is modified. */
const unchanged = (verdict: Verdict): Verdict => (verdict.decision === 'modify' ? { ...verdict, decision: 'allow' } : verdict);

type Applied = { readonly ok: true; readonly arguments: JsonObject; readonly changes: Modification['changes'] } | { readonly ok: false; readonly why: string };

/**
 * Applies rewrites (`args.payment.memo`) to a copy: values first, then redactions, each in the order of their paths and kinds. Only own members of
 * plain objects are walked. Changes are told by JSON Pointer, with the digest of what was there.
 */
export const applyRewrites = (args: JsonObject, rewrites: readonly Rewrite[], digest: (value: Json) => string): Applied => {
  const touched = new Map<string, { readonly steps: readonly string[]; readonly rules: Set<string> }>();
  let made: JsonObject = args;
  for (const one of [...rewrites].sort(inOrder)) {
    const steps = one.path.split('.').slice(1);
    if (steps.length === 0) return { ok: false, why: `${one.path} names no argument` };
    const before = valueAt(made, steps);
    // There is nothing to take out of what is not there.
    if (one.redact !== undefined && before === undefined) continue;
    const next = withValue(made, steps, one.redact === undefined || one.redact === 'all' ? one.value : redactIn(before!, one.redact));
    if (next === undefined) return { ok: false, why: `${one.path} cannot be set: what it stands in is no object` };
    made = next;
    const seen = touched.get(one.path) ?? { steps, rules: new Set<string>() };
    seen.rules.add(one.rule);
    touched.set(one.path, seen);
  }
  if (made !== args && longerThan(made, maxBytes)) return { ok: false, why: `the changed arguments are over ${maxBytes} bytes` };
  const changes = [...touched.values()].flatMap(({ steps, rules }) => {
    const before = valueAt(args, steps), after = valueAt(made, steps)!;
    if (before !== undefined && sameJson(before, after)) return [];
    return [{ path: `/${steps.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`, rules: [...rules].sort(), before: before === undefined ? null : digest(before), after }];
  });
  return { ok: true, arguments: made, changes };
};

const kinds = ['all', 'emails', 'links', 'accounts', 'digits'] as const;
const rank = ({ redact }: Rewrite): number => (redact === undefined ? 0 : kinds.indexOf(redact) + 1);
const inOrder = (a: Rewrite, b: Rewrite): number => rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : a.rule < b.rule ? -1 : 1);

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const valueAt = (args: JsonObject, steps: readonly string[]): Json | undefined => {
  let at: Json | undefined = args;
  for (const step of steps) {
    if (!isObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
};

/** A copy with one member changed; undefined where the path leads through something that is no object. */
const withValue = (args: JsonObject, [step, ...rest]: readonly string[], value: Json): JsonObject | undefined => {
  if (rest.length === 0) return { ...args, [step!]: value };
  const inner = Object.hasOwn(args, step!) ? args[step!] : undefined;
  const next = isObject(inner) ? withValue(inner, rest, value) : undefined;
  return next === undefined ? undefined : { ...args, [step!]: next };
};

/** Every text in a value, redacted; names of members stay. */
const redactIn = (value: Json, what: Exclude<Rewrite['redact'], undefined | 'all'>): Json => {
  if (typeof value === 'string') return redactText(value, what);
  if (Array.isArray(value)) return value.map((item) => redactIn(item as Json, what));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactIn(item, what)]));
  return value;
};

/** Counts as UTF-8 in JSON, without making it. */
const longerThan = (value: Json, most: number): boolean => {
  const text = JSON.stringify(value);
  if (text.length > most) return true;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) bytes += text.charCodeAt(i) > 0x7ff ? 2 : text.charCodeAt(i) > 0x7f ? 1 : 0;
  return bytes > most;
};
