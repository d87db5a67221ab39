import { agentKey } from '@countersign/anomaly/core/detect';
import { emptyPartition, take } from '@countersign/anomaly/core/partition';
import type { Entry } from '@countersign/anomaly/core/partition';
import type { Finding } from '@countersign/contracts';
import { analysts } from './analysts.ts';
import { draftsOf, day, firstDay, fleetOf, hour, played } from './fleet.ts';
import type { FleetOptions } from './fleet.ts';
import { plant } from './faults.ts';
import type { Planted } from './faults.ts';
import { random } from './random.ts';

export interface FaultRow { readonly fault: string; readonly planted: number; readonly found: number; readonly within: string; /** Median hours to the first finding; null where none was found. */ readonly hours: number | null }
export interface Table {
  readonly agents: number; readonly watchedDays: number; readonly observations: number; readonly seconds: number;
  /** Cases about agents in which nothing was planted, or not yet; and what was told of these more than once. */
  readonly falseAlerts: number; readonly falsePerThousandAgentDays: number; readonly falseAdditions: number;
  /** Of ordinary runs, the share as odd as one in a hundred and one in twenty should be: what is promised beside what came. */
  readonly realised1: number; readonly realised5: number;
  readonly drifts: number; readonly spreads: number;
  /** All findings of the watched days, per 300 agents and day. */
  readonly findingsPer300AgentDays: number;
  readonly faults: readonly FaultRow[];
}

export interface Evaluation { readonly fleet: FleetOptions; /** Days that only teach. */ readonly learn: number; /** How often each fault is planted. */ readonly times: number; /** Whether analysts look at what is found. */ readonly looked: boolean }

/** Plays a fleet's weeks through the detector, as one partition folds them, and compares what it tells with what was planted. Everything comes of the seed. */
export const evaluate = ({ fleet: options, learn, times, looked }: Evaluation): Table => {
  const fleet = fleetOf(options);
  const rng = random(options.seed + 1);
  const planted = plant(fleet, times, learn, random(options.seed + 2));
  const byAgent = new Map(planted.map((one) => [one.agent.name, one]));
  const state = emptyPartition();
  const findings: Finding[] = [];
  let observations = 0;
  const ranks = { all: 0, at1: 0, at5: 0 };
  const rank = (pValue: number): void => { ranks.all++; if (pValue <= 0.01) ranks.at1++; if (pValue <= 0.05) ranks.at5++; };
  const began = performance.now();
  // Whatever comes after a fault in its agent may be its echo; before it, and in all others, it is false.
  const isFalse = ({ agent, at, spread }: Finding): boolean => [agent, ...spread?.agents ?? []].every((name) => { const one = byAgent.get(name); return one === undefined || at < (firstDay + one.day) * day; });
  const groupOf = new Map(fleet.agents.map(({ name, group }) => [name, group]));
  const isReleased = ({ agent, at }: Finding): boolean => options.releases.some((one) => one.group === groupOf.get(agent) && at >= (firstDay + one.day) * day);
  const people = looked ? analysts((finding) => (!isFalse(finding) ? 'true' : finding.kind === 'drift' || isReleased(finding) ? 'expected' : 'false')) : undefined;
  // With a new tool its agents are registered anew.
  const versionOn = (group: number, today: number): number => 1 + options.releases.filter((one) => one.group === group && today >= one.day).length;
  for (let today = 0; today < options.days; today++) {
    const of = fleet.agents.flatMap((agent) => runsOf(byAgent.get(agent.name), draftsOf(fleet, agent, today, rng), today, agent)
      .flatMap((draft) => played(draft, fleet.groups[agent.group]!.name, rng, versionOn(agent.group, today))));
    of.sort((a, b) => a.now - b.now);
    let morning = people === undefined ? Number.POSITIVE_INFINITY : (firstDay + today) * day + 9 * hour;
    for (const seen of of) {
      if (seen.now >= morning) {
        for (const said of people!.say((firstDay + today) * day)) take(state, said, `0-${observations++}`);
        morning = Number.POSITIVE_INFINITY;
      }
      if (seen.kind === 'ended' && today >= learn && !byAgent.has(seen.agent)) rank(state.detector.agents.get(agentKey(seen.tenant, seen.agent))?.open.find(({ run }) => run === seen.run)?.pValue ?? 1);
      // What partitions tell each other comes back to this one, which is all there are.
      const queue: Entry[] = [seen];
      for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
        const told = take(state, entry, `0-${observations++}`);
        queue.push(...told.forwards);
        people?.told(told.findings);
        if (today >= learn) findings.push(...told.findings);
      }
    }
  }
  const seconds = (performance.now() - began) / 1000;

  function runsOf(one: Planted | undefined, drafts: ReturnType<typeof draftsOf>, today: number, agent: typeof fleet.agents[number]): ReturnType<typeof draftsOf> {
    if (one === undefined) return drafts;
    const nth = today - one.day;
    if (nth < 0) return nth >= -(one.fault.asleep ?? 0) ? [] : drafts;
    return nth < one.fault.lasts ? one.fault.apply(drafts, agent, nth, (firstDay + today) * day, fleet, rng) : drafts;
  }

  const rows = new Map<string, { planted: number; hours: number[]; within: number }>();
  for (const one of planted) {
    const row = rows.get(one.fault.name) ?? { planted: 0, hours: [], within: one.fault.within };
    row.planted++;
    // While it is prepared it may be found as well: that is no false alert, and the better.
    const first = findings.find(({ agent, at }) => agent === one.agent.name && at >= (firstDay + one.day) * day && at <= one.until);
    if (first !== undefined) row.hours.push(Math.max(0, (first.at - one.from) / 3_600_000));
    rows.set(one.fault.name, row);
  }
  const falseFindings = findings.filter((one) => one.kind === 'behaviour' && isFalse(one));
  const falses = falseFindings.filter((one) => one.case === undefined).length;
  const watched = options.days - learn;
  const agentDays = fleet.agents.reduce((sum, { from }) => sum + Math.max(0, options.days - Math.max(learn, from)), 0);
  return {
    agents: options.agents, watchedDays: watched, observations, seconds, falseAlerts: falses, falsePerThousandAgentDays: falses / agentDays * 1_000, falseAdditions: falseFindings.length - falses,
    realised1: ranks.at1 / ranks.all, realised5: ranks.at5 / ranks.all,
    drifts: findings.filter((one) => one.kind === 'drift' && isFalse(one)).length, spreads: findings.filter((one) => one.kind === 'spread' && isFalse(one)).length,
    findingsPer300AgentDays: findings.length / agentDays * 300,
    faults: [...rows].map(([fault, { planted: n, hours, within }]) => ({ fault, planted: n, found: hours.length, within: within >= day ? `${within / day} d` : `${within / 3_600_000} h`, hours: hours.length === 0 ? null : hours.sort((a, b) => a - b)[hours.length >> 1]! })),
  };
};
