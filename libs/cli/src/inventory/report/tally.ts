import type { GovernedDecided } from '@countersign/contracts';
import { createAsks } from '@countersign/policy/core/backtest/asks';
import type { Asks } from '@countersign/policy/core/backtest/asks';
import { peopleOf } from '@countersign/policy/core/backtest/people';
import type { Burden, PeopleOptions } from '@countersign/policy/core/backtest/people';
import { simulateQueue } from '@countersign/policy/core/backtest/queue';
import type { Reviewer, Service } from '@countersign/policy/core/backtest/queue';

/** What enforcement would have done with one decision. `stopped`: it was stopped even while observed (identity, halt, never-automate list, what could not be judged). */
export const fates = ['allowed', 'changed', 'asked', 'halted', 'deferred', 'denied', 'stopped'] as const;
export type Fate = (typeof fates)[number];
export type Counts = Readonly<Record<Fate, number>>;

/** Money in minor units by currency that was let through and that enforcement would have held back (asked, halted, deferred or denied). */
export type Sums = Readonly<Record<string, number>>;
export interface AgentRow { readonly agent: string; readonly decisions: number; readonly counts: Counts; readonly held: Sums; readonly until: number; readonly tools: readonly { readonly tool: string; readonly counts: Counts }[]; readonly rules: readonly { readonly rule: string; readonly decisions: number }[] }
/** One person's questions of one UTC day; `peak` the busiest hour (0 to 23) of all questions of that day that they might get. */
export interface PersonDay { readonly person: string; readonly day: string; readonly approvals: number; readonly peakHour: number; readonly peakQuestions: number }

export interface ObserveReport {
  readonly window: { readonly from: string | null; readonly to: string | null; readonly days: number };
  /** Agents in the registry; null where nobody was asked. */
  readonly agents: { readonly registered: number | null; readonly observed: number; readonly wouldHaveAsked: number; readonly wouldHaveBeenDenied: number };
  readonly decisions: number; readonly counts: Counts; readonly held: Sums;
  /** Decisions of agents that were enforced, in no figure here. */
  readonly enforced: number;
  readonly byAgent: readonly AgentRow[]; readonly byTool: readonly { readonly tool: string; readonly counts: Counts }[]; readonly byRule: readonly { readonly rule: string; readonly decisions: number }[];
  readonly people: Burden & { readonly perDay: Burden['perDay']; readonly days: readonly PersonDay[]; readonly from: 'given' | 'assumed' };
  readonly notes: readonly string[]; readonly next: readonly string[];
}

const dayMs = 86_400_000, hourMs = 3_600_000, mostTools = 5_000, mostAgents = 20_000;

const none = (): Record<Fate, number> => Object.fromEntries(fates.map((fate) => [fate, 0])) as Record<Fate, number>;
const fateOf = ({ decision, observed }: GovernedDecided): Fate => {
  if (decision.mode === undefined) return decision.decision === 'allow' || decision.decision === 'modify' ? 'allowed' : 'stopped';
  switch (observed!.decision) {
    case 'allow': return 'allowed';
    case 'modify': return 'changed';
    case 'step_up': return observed!.tier === 4 ? 'halted' : 'asked';
    case 'defer': return 'deferred';
    case 'deny': return 'denied';
  }
};
const holding: ReadonlySet<Fate> = new Set(['asked', 'halted', 'deferred', 'denied']);

/** Folds recorded decisions into what enforcement would have done to those of observed agents. */
export const createTally = () => {
  const asks = createAsks();
  const rows = new Map<string, { decisions: number; until: number; readonly counts: Record<Fate, number>; readonly held: Record<string, number>; readonly tools: Map<string, Record<Fate, number>>; readonly rules: Map<string, number> }>();
  const seen = { decisions: 0, enforced: 0, first: Infinity, last: -Infinity, trimmed: 0, unattested: 0, rounds: 0 };

  const add = (record: GovernedDecided): void => {
    const { observed, agent } = record;
    if (observed === undefined || agent === null) { seen.enforced++; return; }
    const at = rows.has(agent) || rows.size < mostAgents ? agent : '(others)';
    const row = rows.get(at) ?? { decisions: 0, until: 0, counts: none(), held: {} as Record<string, number>, tools: new Map(), rules: new Map() };
    rows.set(at, row);
    const fate = fateOf(record);
    seen.decisions++;
    seen.first = Math.min(seen.first, record.now);
    seen.last = Math.max(seen.last, record.now);
    if (record.round > 1) seen.rounds++;
    row.decisions++;
    row.until = Math.max(row.until, observed.until);
    row.counts[fate]++;
    const tool = row.tools.get(record.tool) ?? none();
    if (row.tools.size < mostTools) row.tools.set(record.tool, tool); else seen.trimmed++;
    tool[fate]++;
    if (fate !== 'allowed') for (const { id } of record.decision.rules) row.rules.set(id, (row.rules.get(id) ?? 0) + 1);
    const { money } = record.reserved;
    if (holding.has(fate) && money !== null) row.held[money.currency] = (row.held[money.currency] ?? 0) + money.minor;
    if (observed.approval !== null) asks.wouldAsk({ at: record.now, ...observed.approval });
  };
  return { add, seen, rows, asks };
};

export interface ReportOptions extends PeopleOptions { readonly from: number | null; readonly to: number | null; readonly registered: number | null }

const summed = (all: Iterable<Readonly<Record<string, number>>>): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, value] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
};

export const observeReport = ({ seen, rows, asks }: ReturnType<typeof createTally>, options: ReportOptions): ObserveReport => {
  const first = options.from ?? (seen.decisions === 0 ? 0 : seen.first), last = options.to ?? (seen.decisions === 0 ? 0 : seen.last);
  const days = Math.max(1, (last - first) / dayMs);
  const people = peopleOf(asks, [], { first, days }, options);
  const reviewers = options.reviewers ?? [...new Set(asks.names.routes.flat())].sort().map((role) => ({ person: `one ${role}`, roles: [role] }));
  const byAgent = [...rows].map(([agent, row]): AgentRow => ({
    agent, decisions: row.decisions, counts: row.counts, held: row.held, until: row.until,
    tools: [...row.tools].map(([tool, counts]) => ({ tool, counts })).sort(mostHeld), rules: [...row.rules].map(([rule, decisions]) => ({ rule, decisions })).sort((a, b) => b.decisions - a.decisions),
  })).sort(mostHeld);
  const tools = new Map<string, Record<Fate, number>>();
  for (const row of byAgent) for (const { tool, counts } of row.tools) tools.set(tool, { ...none(), ...summed([tools.get(tool) ?? none(), counts]) });
  const counts = { ...none(), ...summed(byAgent.map((row) => row.counts)) };
  const asking = byAgent.filter((row) => row.counts.asked + row.counts.halted > 0).length;
  return {
    window: { from: seen.decisions === 0 && options.from === null ? null : new Date(first).toISOString(), to: seen.decisions === 0 && options.to === null ? null : new Date(last).toISOString(), days },
    agents: { registered: options.registered, observed: rows.size, wouldHaveAsked: asking, wouldHaveBeenDenied: byAgent.filter((row) => row.counts.denied > 0).length },
    decisions: seen.decisions, counts, held: summed(byAgent.map(({ held }) => held)), enforced: seen.enforced, byAgent,
    byTool: [...tools].map(([tool, toolCounts]) => ({ tool, counts: toolCounts })).sort(mostHeld), byRule: Object.entries(summed(byAgent.map(({ rules }) => Object.fromEntries(rules.map(({ rule, decisions }) => [rule, decisions]))))).map(([rule, decisions]) => ({ rule, decisions })).sort((a, b) => b.decisions - a.decisions),
    people: { ...people.after, days: perPersonAndDay(asks.after, asks.names, reviewers, options), from: options.reviewers === null ? 'assumed' : 'given' },
    notes: notesOf(seen, counts, options), next: nextOf(byAgent, people.after, counts),
  };
};

const mostHeld = (a: { readonly counts: Counts }, b: { readonly counts: Counts }): number => weight(b.counts) - weight(a.counts);
const weight = ({ asked, halted, denied, changed, deferred, stopped, allowed }: Counts): number => (asked + halted + denied + changed + deferred + stopped) * 1e6 + allowed;

/** The queue played through day by day, so that each day's approvals fall on people as they would have. */
const perPersonAndDay = (asks: Asks, names: ReturnType<typeof createAsks>['names'], reviewers: readonly Reviewer[], options: ReportOptions): readonly PersonDay[] => {
  const byDay = new Map<number, number[]>();
  asks.at.forEach((at, i) => byDay.set(Math.floor(at / dayMs), [...byDay.get(Math.floor(at / dayMs)) ?? [], i]));
  const service: Service = { kind: 'assumed', meanMs: options.assumedMs };
  return [...byDay].sort(([a], [b]) => a - b).flatMap(([day, of]) => {
    const only = Object.fromEntries((['at', 'route', 'quorum', 'expiresInMs', 'requester'] as const).map((column) => [column, of.map((i) => asks[column][i]!)])) as unknown as Asks;
    const { votes } = simulateQueue(only, names, reviewers, service, options.clock);
    return reviewers.flatMap(({ person, roles }, n) => {
      if (votes[n] === 0) return [];
      const hours = new Map<number, number>();
      only.at.forEach((at, i) => { if (names.routes[only.route[i]!]!.some((role) => roles.includes(role))) hours.set(Math.floor((at % dayMs) / hourMs), (hours.get(Math.floor((at % dayMs) / hourMs)) ?? 0) + 1); });
      const [peakHour, peakQuestions] = [...hours].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
      return [{ person, day: new Date(day * dayMs).toISOString().slice(0, 10), approvals: votes[n]!, peakHour, peakQuestions }];
    });
  });
};

const notesOf = (seen: ReturnType<typeof createTally>['seen'], counts: Counts, options: ReportOptions): readonly string[] => [
  'Nothing in this report was enforced, unless it says "stopped": observed actions ran as they were proposed.',
  'Each decision stands for itself. That an agent goes on differently after a no, that a run halted by one action proposes no more, or that people learn which questions to expect, is not played out.',
  ...(seen.enforced > 0 ? [`${seen.enforced.toLocaleString('en')} decisions in this window were enforced (agents that are not observed, or no longer); they are in no figure here.`] : []),
  ...(seen.decisions < 100 ? [`Only ${seen.decisions} observed decisions: let them run longer before you conclude from shares.`] : []),
  ...(options.reviewers === null ? ['Nobody said who decides: one person for each role is assumed. Name them with --reviewers.'] : []),
  `A question is taken to need ${Math.round(options.assumedMs / 60_000)} minutes of one person on average${options.stated ? ', as stated' : ', an assumption; say otherwise with --service'}.`,
  ...(counts.stopped > 0 ? ['What was stopped even so could not be judged, was halted, or is never automated; look at these first.'] : []),
  ...(seen.trimmed > 0 ? [`${seen.trimmed} decisions at rarely used tools are counted with their agents only.`] : []),
];

const nextOf = (rows: readonly AgentRow[], people: Burden, counts: Counts): readonly string[] => {
  const quiet = rows.filter(({ counts: of, decisions }) => of.allowed === decisions);
  const busiest = people.byPerson.find(({ busy }) => busy > 0.25);
  return [
    ...(quiet.length > 0 ? [`Enforce first where nothing changes: ${quiet.slice(0, 10).map(({ agent }) => agent).join(', ')}${quiet.length > 10 ? ` and ${quiet.length - 10} more` : ''} did only what is allowed.`] : []),
    ...(counts.denied > 0 ? ['Look at what would have been denied with the agents\' owners: either the permission is missing, or the agent does what it should not.'] : []),
    ...(people.withoutPeople > 0 ? [`Name approvers: ${people.withoutPeople} questions had too few people with the role.`] : []),
    ...(busiest !== undefined ? [`${busiest.person} would spend ${Math.round(busiest.busy * 100)} % of their time on questions: spread the role, or loosen the rule that asks most after a backtest.`] : []),
    ...(counts.asked + counts.halted > 0 && busiest === undefined ? ['Tell the approvers what will come to them, then enforce agent by agent: countersign agent enforce AGENT --reason TEXT.'] : []),
    ...(rows.length === 0 ? ['Observe some agents first: countersign agent observe AGENT --reason TEXT.'] : []),
  ];
};
