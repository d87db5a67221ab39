import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Observation } from '@countersign/anomaly/core/observation';
import { detect, newDetector } from '@countersign/anomaly/core/detect';
import type { DetectorState } from '@countersign/anomaly/core/detect';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

/** The n-th run of a fleet, whole: its agent by turns, one of forty tasks, four to seven actions of which two change something. */
const runOf = (n: number, agents: number): Observation[] => {
  const agent = `agent-${n % agents}`, task = n % 40, now = 1_800_000_000_000 + Math.floor(n / agents) * 600_000 + n % agents;
  const about = { tenant: 'acme', agent, run: `run-${n}` } as const;
  const length = 4 + task % 4;
  const made: Observation[] = [{ kind: 'started', ...about, now, task: `task-${task}` }];
  for (let i = 0; i < length; i += 1) {
    const acts = i >= length - 2;
    made.push({
      kind: 'action', ...about, now: now + i, action: `${n}-${i}`, tool: `system-${task % 5}.${acts ? 'change' : 'read'}_${(task + i) % 12}`, group: `group-${n % agents % 7}`, owner: `owner-${n % agents % 50}`, version: 1,
      consequential: acts, reversible: true, impact: acts ? 'medium' : 'low', targets: acts ? [`target-${(n * 7 + i) % 30}`] : [], trust: acts ? (['instruction', 'record', 'directory', 'document'] as const)[(n + i) % 4]! : 'none',
      from: acts && (n + i) % 4 > 0 ? `system-${task % 5}.read_${task % 12}` : null, signs: acts && n % 19 === 0 ? ['act_unasked'] : [], denied: false,
    });
  }
  made.push({ kind: 'ended', ...about, now: now + length });
  return made;
};

/** Scored actions a second on this thread over so many agents, runs told and learned from as in production. */
const pace = (state: DetectorState, agents: number, from: number, actions: number): { readonly perSecond: number; readonly cpuUs: number; readonly next: number } => {
  let n = from, scored = 0, ms = 0, cpu = 0;
  while (scored < actions) {
    const batch: Observation[] = [];
    while (batch.length < 4_000) batch.push(...runOf(n++, agents));
    const began = performance.now(), used = process.cpuUsage();
    for (const seen of batch) if (detect(state, seen) !== undefined) scored += 1;
    const { user, system } = process.cpuUsage(used);
    ms += performance.now() - began;
    cpu += user + system;
  }
  return { perSecond: scored / ms * 1_000, cpuUs: cpu / scored, next: n };
};

/** What lives on the heap and in typed arrays, after a collection. */
const memory = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** anomaly.score.*, anomaly.flat_100k_vs_1k, anomaly.bytes_per_agent: the detector's core in this process. */
export const benchAnomaly = ({ quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Results => {
  const many = quick ? 10_000 : 100_000, actions = quick ? 200_000 : 1_000_000, rounds = quick ? 1 : 3;
  const perSecond: number[] = [], perSecondMany: number[] = [], cpuUs: number[] = [];
  const before = memory();
  const large = newDetector();
  // Ten runs of each agent: it has habits.
  let at = pace(large, many, 0, many * (quick ? 20 : 30)).next;
  const bytes = (memory() - before) / many;
  const small = newDetector();
  let from = pace(small, 1_000, 0, 100_000).next;
  for (let round = 1; round <= rounds; round += 1) {
    const few = pace(small, 1_000, from, actions);
    const lots = pace(large, many, at, actions);
    from = few.next;
    at = lots.next;
    perSecond.push(few.perSecond);
    perSecondMany.push(lots.perSecond);
    cpuUs.push(few.cpuUs);
    tell(`anomaly, round ${round}: ${Math.round(few.perSecond)} actions/s with 1,000 agents, ${Math.round(lots.perSecond)} with ${many}; ${few.cpuUs.toFixed(2)} and ${lots.cpuUs.toFixed(2)} µs of processor time each; ${Math.round(bytes)} bytes an agent`);
  }
  return {
    'anomaly.score.per_s': ofRounds(perSecond, '1/s', { note: 'actions scored by the core, 1,000 agents, with the starts and ends of their runs and what is learned from them; one thread' }),
    'anomaly.score.cpu_us': ofRounds(cpuUs, 'µs', { note: 'processor time of that per action, all threads of the process: also right where others are at work' }),
    'anomaly.flat_100k_vs_1k': ofRounds(perSecond.map((few, i) => few / perSecondMany[i]!), 'ratio', { note: `cost per action with ${many} agents over that with 1,000` }),
    'anomaly.bytes_per_agent': ofRounds([bytes], 'B', { note: `heap and typed arrays after some ${quick ? 4 : 6} runs each, ${many} agents` }),
  };
};
