import type { Backtest, UnknownExample } from './backtest.ts';
import { changes } from './change.ts';
import type { Change } from './change.ts';
import type { Example } from './examples.ts';
import { peopleOf } from './people.ts';
import type { People, PeopleOptions } from './people.ts';
import type { Proof } from './proof.ts';
import { loosenedIn, tightenedIn } from './tally.ts';
import type { Row, RuleRow } from './tally.ts';

/** What `countersign policy backtest --json` prints. Times epoch ms unless they are texts (RFC 3339); counts are decisions unless said. */
export interface BacktestReport {
  readonly draft: { readonly version: string; readonly digest: string };
  readonly window: { readonly from: string | null; readonly to: string | null; readonly days: number };
  readonly decisions: {
    readonly read: number; readonly actions: number;
    /** Decided by rules on the record, and by the draft again. */
    readonly compared: number; readonly unknown: number;
    /** Made by no rule (halt, unknown tool, budget, people said no, …), by code: no draft changes them. */
    readonly carried: Readonly<Record<string, number>>;
    /** Later rounds of actions that the draft would have settled at once. */
    readonly settledEarlier: number;
    /** Later rounds whose first lies before the window: what people said is taken to hold. */
    readonly firstRoundOutside: number;
  };
  readonly proof: Proof;
  readonly tightened: number; readonly loosened: number;
  readonly total: Row;
  readonly agents: Ranked<Row>; readonly tools: Ranked<Row>; readonly rules: Ranked<RuleRow>;
  readonly examples: Readonly<Partial<Record<Change, readonly Example[]>>>;
  /** What decisions hang on that the record does not hold: `fact x`, `budget`, `approval`. */
  readonly missing: readonly { readonly what: string; readonly decisions: number; readonly rules: readonly string[]; readonly tools: readonly string[] }[];
  readonly unknownExamples: readonly UnknownExample[];
  readonly people: People;
  readonly notes: readonly string[];
}

/** The most changed first; `leftOff` says how many more there are. */
export interface Ranked<T> { readonly rows: readonly (T & { readonly name: string })[]; readonly leftOff: number }

export interface ReportOptions extends PeopleOptions { readonly version: string; readonly digest: string; readonly from: number | null; readonly to: number | null; /** The draft has other budgets of agents, tools or tenant than a recorded version. */ readonly budgetsDiffer: boolean }

const dayMs = 86_400_000;
const mostRows = 200;

const ranked = <T>(entries: IterableIterator<[string, T]>, weight: (row: T) => readonly [number, number]): Ranked<T> => {
  const all = [...entries].map(([name, row]) => ({ row: { ...row, name }, by: weight(row) })).sort((a, b) => b.by[0] - a.by[0] || b.by[1] - a.by[1] || (a.row.name < b.row.name ? -1 : 1));
  return { rows: all.slice(0, mostRows).map(({ row }) => row), leftOff: Math.max(0, all.length - mostRows) };
};
const byChange = (row: Row): readonly [number, number] => [tightenedIn(row) + loosenedIn(row) + row.unknown, row.decisions];

/** Everything a backtest found, as one object. */
export const reportOf = (test: Backtest, { version, digest, from, to, budgetsDiffer, ...options }: ReportOptions): BacktestReport => {
  const { seen, total } = test;
  const empty = seen.decisions === 0;
  const first = from ?? (empty ? 0 : seen.first), last = to ?? (empty ? 0 : seen.last);
  const days = Math.max(1, (last - first) / dayMs);
  const iso = (time: number | null): string | null => (time === null || (empty && from === null) ? null : new Date(time).toISOString());
  return {
    draft: { version, digest }, window: { from: iso(first), to: iso(last), days },
    decisions: { read: seen.decisions, actions: seen.actions, compared: total.decisions, unknown: total.unknown, carried: Object.fromEntries([...test.carried].sort(([, a], [, b]) => b - a)), settledEarlier: seen.settledEarlier, firstRoundOutside: seen.firstRoundOutside },
    proof: test.proof(), tightened: tightenedIn(total), loosened: loosenedIn(total), total,
    agents: ranked(test.agents(), byChange), tools: ranked(test.tools(), byChange), rules: ranked(test.rules(), (row) => [row.tightened + row.loosened + row.unknown, row.before + row.after]),
    examples: Object.fromEntries(changes.filter((change) => test.examples(change).length > 0).map((change) => [change, test.examples(change)])),
    missing: [...test.missing].map(([what, { decisions, rules, tools }]) => ({ what, decisions, rules: [...rules], tools: [...tools] })).sort((a, b) => b.decisions - a.decisions),
    unknownExamples: test.unknowns(),
    people: peopleOf(test.asks, test.votes, { first, days }, options),
    notes: notesOf(test, budgetsDiffer),
  };
};

const notesOf = (test: Backtest, budgetsDiffer: boolean): readonly string[] => [
  'Each decision is judged on the facts of its own record; that a run goes on differently after another answer is not played out.',
  ...(test.total.unknown > 0 ? ['Decisions that hang on what the record does not hold are unknown; they are in no figure of the draft, questions to people included.'] : []),
  ...(budgetsDiffer ? ['The draft has other budgets of agents, tools or tenant: what these would have denied is not played out.'] : []),
  ...(test.seen.firstRoundOutside > 0 ? [`${test.seen.firstRoundOutside} decisions follow a question from before the window: that people were asked, and whom, is taken as it was.`] : []),
  ...(test.forgotten() > 0 ? [`${test.forgotten()} waiting actions were forgotten because too many waited at once; their later rounds are judged on their own.`] : []),
];
