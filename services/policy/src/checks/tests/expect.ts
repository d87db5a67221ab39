import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@countersign/contracts';
import { duration } from '../../core/rules/duration.ts';
import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import type { TestFailure } from '../types.ts';
import type { Played } from './play.ts';
import type { BundleTest, Expectation } from './test-file.ts';

type Check = (want: never, played: Played, test: BundleTest) => { readonly got: string; readonly about?: readonly string[] } | null;

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
const same = (want: unknown, got: unknown): { readonly got: string } | null => (isDeepStrictEqual(want, got) ? null : { got: show(got) });
const sorted = (list: readonly string[] | undefined): readonly string[] | undefined => list?.toSorted();
const firedIn = ({ record }: Played): string[] => record.decision.rules.map(({ id }) => id);
const bare = ({ record }: Played): { readonly arguments?: Json; readonly obligations?: readonly Json[] } => record.decision as never;

/** One check per field of `expect`; null where it is met. `about`: rules that the difference is about. */
const checks: Readonly<Record<keyof Expectation, Check>> = {
  decision: (want: string, { record }) => same(want, record.decision.decision),
  tier: (want: number, { record }) => same(want, record.decision.tier),
  code: (want: string | null, { record }) => same(want, record.decision.code),
  rules: (want: readonly string[], played) => {
    const got = firedIn(played).filter((id) => !id.includes(':')).toSorted();
    return isDeepStrictEqual(sorted(want), got) ? null : { got: show(got), about: [...want.filter((id) => !got.includes(id)), ...got.filter((id) => !want.includes(id))] };
  },
  fires: (want: readonly string[], played) => {
    const missing = want.filter((id) => !firedIn(played).includes(id));
    return missing.length === 0 ? null : { got: show(firedIn(played)), about: missing };
  },
  silent: (want: readonly string[], played) => {
    const fired = want.filter((id) => firedIn(played).includes(id));
    return fired.length === 0 ? null : { got: show(fired), about: fired };
  },
  route: (want: readonly string[], { record }) => same(sorted(want), sorted(record.decision.approval?.route)),
  quorum: (want: number, { record }) => same(want, record.decision.approval?.quorum),
  expiresIn: (want: string, { record }, { now }) => same(duration(want)!, record.decision.approval === null ? undefined : record.decision.approval.within ?? record.decision.approval.expiresAt - now),
  claim: (want: boolean, { record }) => same(want, record.decision.claim),
  arguments: (want: Json, { record }) => same(want, record.reply.arguments),
  obligations: (want: readonly Readonly<Record<string, Json>>[], played) => {
    const got = (bare(played).obligations ?? []) as readonly Readonly<Record<string, Json>>[];
    const has = (one: Readonly<Record<string, Json>>): boolean => got.some((other) => Object.entries(one).every(([name, value]) => isDeepStrictEqual(value, other[name])));
    return want.length === got.length && want.every(has) ? null : { got: show(got) };
  },
  facts: (want: Readonly<Record<string, Json>>, { record }) => {
    const got = Object.fromEntries(Object.keys(want).map((name) => [name, record.facts[name]?.value ?? null]));
    return same(want, got);
  },
};

/** Every expectation that was not met, with the facts that the rules in question read. */
export const compare = (test: BundleTest, played: Played, bundle: CompiledBundle): TestFailure[] => {
  const failures: TestFailure[] = [];
  for (const [field, want] of Object.entries(test.expect)) {
    const different = checks[field as keyof Expectation](want as never, played, test);
    if (different === null) continue;
    failures.push({ file: test.file, line: test.lineOf(field), test: test.name, expected: `${field} ${show(want)}`, got: different.got, why: [...said(played), ...(different.about ?? []).flatMap((id) => aboutRule(id, played, bundle))] });
  }
  return failures;
};

const said = ({ record }: Played): string[] => [
  `decided ${record.decision.decision}, tier ${record.decision.tier}${record.decision.code === null ? '' : ` (${record.decision.code}${record.reply.detail === null ? '' : `: ${record.reply.detail}`})`}`,
  ...record.decision.rules.map(({ id, tier, decision, reason }) => `fired ${id} (${tier === null ? decision : `tier ${tier}`}): ${reason}`),
];

const aboutRule = (id: string, { record }: Played, bundle: CompiledBundle): string[] => {
  const rule = bundle.rules.find((one) => one.id === id);
  if (rule === undefined) return id.includes(':') ? [] : [`there is no rule ${id}`];
  if (!rule.matches(record.tool)) return [`${id} does not apply to ${record.tool}`];
  return [`${id}: ${rule.when.source}`, ...reads(rule, record.facts, bundle)];
};

const reads = (rule: CompiledRule, facts: Played['record']['facts'], bundle: CompiledBundle): string[] =>
  rule.when.uses.map((name) => `  ${name} = ${Object.hasOwn(bundle.parameters, name) ? show(bundle.parameters[name]) : Object.hasOwn(facts, name) ? `${show(facts[name]!.value)} (${facts[name]!.origin})` : 'not derived'}`);
