import type { ActionSeen, Observation } from '@countersign/anomaly/core/observation';
import { random } from './random.ts';
import type { Random } from './random.ts';

export const hour = 3_600_000;
export const day = 24 * hour;
/** A Monday. */
export const firstDay = Math.floor(Date.UTC(2026, 0, 5) / day);

export interface FleetOptions {
  readonly seed: number;
  readonly agents: number;
  readonly groups: number;
  readonly days: number;
  /** Runs of an agent on a working day, on average. */
  readonly runsPerDay: number;
  /** More runs each day, as a share. */
  readonly growth: number;
  /** Days (from the first) on which hardly anybody works. */
  readonly holidays: readonly number[];
  /** On this day a group gets a new tool, which from then on is part of a fifth of its tasks. */
  readonly releases: readonly { readonly day: number; readonly group: number }[];
}

interface Step { readonly tool: string; readonly consequential: boolean; readonly targeted: boolean; /** Where the target of this step is read, as a rule. */ readonly trust: ActionSeen['trust'] }
interface Group { readonly name: string; readonly tasks: readonly (readonly Step[])[]; readonly released: Step }

export interface SimAgent {
  readonly name: string;
  readonly group: number;
  readonly owner: string;
  readonly rate: number;
  /** 0: office hours, 1: round the clock. */
  readonly nights: boolean;
  /** The day on which it first works: some come later. */
  readonly from: number;
  readonly customers: number;
}

export interface Fleet { readonly agents: readonly SimAgent[]; readonly groups: readonly Group[]; readonly options: FleetOptions }

/** Most targets stand in the instruction, some in what a step before has read. */
const origins: readonly ActionSeen['trust'][] = ['instruction', 'instruction', 'instruction', 'instruction', 'instruction', 'record', 'record', 'directory'];

const groupsOf = (count: number, rng: Random): readonly Group[] => Array.from({ length: count }, (_, g) => {
  const step = (i: number): Step => { const consequential = i % 3 === 2; return { tool: `g${g}.${consequential ? 'do' : 'get'}_${i}`, consequential, targeted: i % 3 > 0, trust: 'instruction' }; };
  const steps = Array.from({ length: 9 }, (__, i) => step(i));
  const tasks = Array.from({ length: 6 + rng.below(6) }, () => Array.from({ length: 2 + rng.below(5) }, () => ({ ...rng.pick(steps), trust: rng.pick(origins) })));
  return { name: `group-${g}`, tasks, released: step(11) };
});

export const fleetOf = (options: FleetOptions): Fleet => {
  const rng = random(options.seed);
  const groups = groupsOf(options.groups, rng);
  const agents = Array.from({ length: options.agents }, (_, i): SimAgent => ({
    name: `agent-${i}`, group: i % options.groups, owner: `owner-${Math.floor(i / 3)}`, rate: options.runsPerDay * (0.4 + 1.2 * rng.next()), nights: rng.next() < 0.15,
    from: rng.next() < 0.1 ? rng.below(Math.ceil(options.days * 0.8)) : 0, customers: 20 + rng.below(200),
  }));
  return { agents, groups, options };
};

/** How busy an hour is, 1 at the best of times. */
const busy = (agent: SimAgent, today: number, at: number, options: FleetOptions): number => {
  if (options.holidays.includes(today)) return agent.nights ? 0.6 : 0.02;
  if (agent.nights) return 0.6;
  const weekday = today % 7;
  if (weekday > 4) return at > 8 && at < 17 ? 0.04 : 0.005;
  return at < 6 || at > 20 ? 0.005 : at < 8 || at > 17 ? 0.2 : at === 12 ? 0.6 : 1;
};

let ids = 0;
export const newId = (): string => `01980000-0000-7000-8000-${(ids++).toString(16).padStart(12, '0')}`;

/** One run in the making: what faults may change before it is played. */
export interface Draft { readonly agent: SimAgent; readonly start: number; task: string; steps: SimStep[]; tokens: number }
export interface SimStep extends Partial<Pick<ActionSeen, 'trust' | 'from' | 'signs' | 'denied' | 'impact'>> { tool: string; consequential: boolean; target: string | null; failed?: boolean; /** Pause before it, ms. */ pause?: number }

/** The runs that ordinary work starts on a day. */
export const draftsOf = ({ groups, options }: Fleet, agent: SimAgent, today: number, rng: Random): readonly Draft[] => {
  if (today < agent.from) return [];
  const drafts: Draft[] = [];
  const group = groups[agent.group]!;
  const released = options.releases.find((one) => one.group === agent.group && today >= one.day) !== undefined;
  for (let at = 0; at < 24; at++) {
    const mean = agent.rate / 9 * busy(agent, today, at, options) * (1 + options.growth) ** today;
    // Poisson by thinning: means are small.
    let runs = 0;
    for (let p = rng.next(), mass = Math.exp(-mean), sum = mass; p > sum && runs < 50; sum += mass *= mean / ++runs);
    for (let i = 0; i < runs; i++) {
      const task = rng.below(group.tasks.length);
      const steps = group.tasks[task]!.filter(() => rng.next() > 0.06).map((step) => play(step, agent, rng));
      if (released && rng.next() < 0.2) steps.push(play(group.released, agent, rng));
      if (steps.length === 0) continue;
      drafts.push({ agent, start: (firstDay + today) * day + at * hour + rng.below(hour), task: `${group.name}/${task}`, steps, tokens: Math.round(Math.exp(6 + 0.5 * rng.normal())) });
    }
  }
  return drafts;
};

const play = (step: Step, agent: SimAgent, rng: Random): SimStep => {
  // A few customers get most of the attention; one in fifty has never been heard of, and the instruction names it.
  const target = step.targeted ? `customer-${agent.name}-${rng.next() < 0.02 ? `new-${rng.below(1e9)}` : Math.floor(agent.customers * rng.next() ** 3)}` : null;
  return { tool: step.tool, consequential: step.consequential, target, trust: target === null ? 'none' : rng.next() < 0.01 ? 'document' : step.trust, failed: rng.next() < 0.03 };
};

/** What the governed stream would say of a run. */
export const played = ({ agent, start, task, steps, tokens }: Draft, groupName: string, rng: Random, version = 1): readonly Observation[] => {
  const at = { tenant: 'sim', agent: agent.name, run: newId() };
  const seen: Observation[] = [{ kind: 'started', ...at, now: start, task }];
  let now = start;
  for (const step of steps) {
    now += step.pause ?? 1_000 + rng.below(20_000);
    const action = newId();
    seen.push({
      kind: 'action', ...at, now, action, tool: step.tool, group: groupName, owner: agent.owner, version, consequential: step.consequential, reversible: true, impact: step.impact ?? (step.consequential ? 'medium' : 'low'),
      targets: step.target === null ? [] : [step.target], trust: step.trust ?? (step.target === null ? 'none' : 'instruction'), from: step.from ?? null, signs: step.signs ?? [], denied: step.denied ?? false,
    }, { kind: 'outcome', ...at, now: now + 300, action, tool: step.tool, failed: step.failed ?? false, tokens: Math.round(tokens / steps.length), cost: null });
  }
  seen.push({ kind: 'ended', ...at, now: now + 1_000 });
  return seen;
};
