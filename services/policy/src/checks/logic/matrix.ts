import { linesOf } from '../../core/rules/matrix-shape.ts';
import type { MatrixLineSpec, MatrixSpec } from '../../core/rules/matrix-shape.ts';
import { anyOf as anyPattern } from '../../core/rules/patterns.ts';
import type { Facts } from './facts.ts';
import type { Case, Possible } from './possible.ts';
import { and, equal, int, no, not, or, real, text, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';

type Tiers = Readonly<Record<2 | 3 | 4, Term>>;
/** What one row of the tier matrix calls for: at least these tiers, or that its fact is not known. */
export interface RowOutcome { readonly id: string; readonly atLeast: Tiers; readonly failsByArguments: Term; readonly failsByUs: Term }

/** The lines of a bundle's matrix that apply to a tool, by row. */
export const matrixFor = (matrix: MatrixSpec | undefined, tool: string): readonly { readonly id: string; readonly lines: readonly MatrixLineSpec[] }[] =>
  Object.entries(matrix ?? {}).map(([dimension, lines]) => ({ id: `matrix:${dimension}`, lines: linesOf(lines).filter((line) => line.tools === undefined || anyPattern(line.tools)(tool)) })).filter(({ lines }) => lines.length > 0);

/** A line for one ceiling is also for agents that do nothing without a person. */
const underCeiling = (facts: Facts, ceiling: number): Term => {
  const { term } = facts.value('agent.ceiling')[0] as { readonly term: Term };
  return or(equal(term, int(ceiling)), equal(term, '0'));
};

/** The matrix as core/rules/matrix.ts reads it, for all facts at once. */
export const rowsOf = (matrix: MatrixSpec | undefined, tool: string, facts: Facts, script: Script): RowOutcome[] => matrixFor(matrix, tool).map(({ id, lines }) => {
  const tiers: Record<2 | 3 | 4, Term[]> = { 2: [], 3: [], 4: [] };
  let failed: Term = no, byArguments: Term = no, elsewhere: Term = no, inCurrency: Term = no;
  for (const line of lines) {
    const ceiling = line.ceiling === undefined ? yes : underCeiling(facts, line.ceiling);
    const active = script.named('Bool', and(not(failed), line.consequential === true ? facts.consequential : yes, ceiling));
    const value = facts.value(line.fact);
    const unknown = or(...value.filter(({ kind }) => kind === 'fail' || kind === 'absent').map(({ when }) => when));
    byArguments = or(byArguments, and(active, or(...value.filter((one) => one.kind === 'fail' && one.byArguments).map(({ when }) => when))));
    failed = script.named('Bool', or(failed, and(active, unknown)));
    const there = and(active, not(unknown), not(or(...value.filter(({ kind }) => kind === 'null').map(({ when }) => when))));
    const foreign = line.currency === undefined ? no : not(or(...facts.value('currency').filter((one) => one.kind === 'string').map((one) => and(one.when, equal((one as { readonly term: Term }).term, text(line.currency!))))));
    elsewhere = or(elsewhere, and(there, foreign));
    const read = script.named('Bool', and(there, not(foreign)));
    inCurrency = or(inCurrency, read);
    const reading = readingOf(line, value, script);
    failed = script.named('Bool', or(failed, and(read, reading.strange)));
    for (const tier of [2, 3, 4] as const) tiers[tier].push(and(read, reading.atLeast[tier]));
  }
  failed = script.named('Bool', or(failed, and(elsewhere, not(inCurrency))));
  const called = (tier: 2 | 3 | 4): Term => and(not(failed), or(...tiers[tier]));
  // What is not known raises only where the tool changes something.
  return { id, atLeast: { 2: called(2), 3: called(3), 4: called(4) }, failsByArguments: byArguments, failsByUs: and(failed, not(byArguments), facts.consequential) };
});

interface Reading { readonly atLeast: Tiers; /** Of a kind that the line does not know. */ readonly strange: Term }

const readingOf = (line: MatrixLineSpec, value: Possible, script: Script): Reading => {
  const cases = value.filter(({ kind }) => kind !== 'fail' && kind !== 'absent' && kind !== 'null').map((one) => ({ one, reading: line.values === undefined ? threshold(line, one) : lookedUp(line, one, script) }));
  const at = (tier: 2 | 3 | 4): Term => or(...cases.map(({ one, reading }) => and(one.when, reading.atLeast[tier])));
  return { atLeast: { 2: at(2), 3: at(3), 4: at(4) }, strange: or(...cases.map(({ one, reading }) => and(one.when, reading.strange))) };
};

const strange: Reading = { atLeast: { 2: no, 3: no, 4: no }, strange: yes };

const threshold = ({ from, below }: MatrixLineSpec, one: Case): Reading => {
  if (one.kind !== 'int' && one.kind !== 'double') return strange;
  const limits = from ?? below ?? {};
  const meets = (tier: 2 | 3 | 4): Term => {
    const limit = limits[tier];
    if (limit === undefined) return no;
    const [a, b] = one.kind === 'int' && Number.isSafeInteger(limit) ? [one.term, int(limit)] : [one.kind === 'int' ? `(to_real ${one.term})` : one.term, real(limit)];
    return `(${from === undefined ? '<' : '>='} ${a} ${b})`;
  };
  return { atLeast: { 4: meets(4), 3: or(meets(4), meets(3)), 2: or(meets(4), meets(3), meets(2)) }, strange: no };
};

const lookedUp = (line: MatrixLineSpec, one: Case, script: Script): Reading => {
  if (one.kind === 'list') {
    const items = one.list.items.map((item, i) => ({ there: `(< ${i} ${one.list.length})`, reading: readingOf(line, item, script), none: or(...item.filter(({ kind }) => kind === 'null').map(({ when }) => when)) }));
    const beyond = one.list.open === null ? no : and(`(> ${one.list.length} ${items.length})`, script.constant(`${one.list.open} beyond matrix`, 'Bool'));
    const at = (tier: 2 | 3 | 4): Term => or(beyond, ...items.map(({ there, reading }) => and(there, reading.atLeast[tier])));
    return { atLeast: { 2: at(2), 3: at(3), 4: at(4) }, strange: or(...items.map(({ there, reading, none }) => and(there, or(reading.strange, none)))) };
  }
  if (one.kind === 'map' || one.kind === 'double') return one.kind === 'map' ? strange : { atLeast: { 2: yes, 3: yes, 4: yes }, strange: no };
  if (one.kind !== 'string' && one.kind !== 'int' && one.kind !== 'bool') return strange;
  const is = (name: string): Term => (one.kind === 'string' ? equal(one.term, text(name)) : one.kind === 'bool' ? (name === 'true' ? one.term : name === 'false' ? not(one.term) : no) : /^-?\d+$/.test(name) && Number.isSafeInteger(Number(name)) ? equal(one.term, int(Number(name))) : no);
  const entries = Object.entries(line.values ?? {});
  const other = not(or(...entries.map(([name]) => is(name))));
  const at = (least: 2 | 3 | 4): Term => or(...entries.filter(([, tier]) => tier >= least).map(([name]) => is(name)), (line.otherwise ?? 1) >= least ? other : no);
  return { atLeast: { 2: at(2), 3: at(3), 4: at(4) }, strange: no };
};
