import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import type { Local } from '../local.ts';
import { decideSubject } from './decide-subject.ts';
import { echoSubject } from './echo-subject.ts';
import { openLoop, peak } from './flow.ts';
import type { Subject } from './flow.ts';
import { median, ofRounds } from './measured.ts';
import type { Results } from './measured.ts';
import { benchProcessing } from './processing.ts';
import { startStandIns } from './stand-ins.ts';

interface Options { readonly bus: boolean; readonly decide: boolean; readonly quick: boolean; readonly profile?: string; readonly tell: (line: string) => void }
interface Figures { readonly perSecond: number[]; readonly cpuUs: number[]; readonly p50: number[]; readonly p99: number[] }

const rate = 1_000;

/** bus.echo.* and decide.kafka.*: the echo and one policy process in turn, round after round, under the same loader and the same sink. */
export const benchLoop = async (local: Local, options: Options): Promise<Results> => {
  const { quick, tell, profile } = options;
  const brokers = local.kafka!;
  const bus = await createKafkaBus({ brokers: brokers.split(','), clientId: 'bench' });
  const figures: Record<'echo' | 'decide', Figures> = { echo: { perSecond: [], cpuUs: [], p50: [], p99: [] }, decide: { perSecond: [], cpuUs: [], p50: [], p99: [] } };
  let standIns: Awaited<ReturnType<typeof startStandIns>> | undefined;
  try {
    await bus.ensureTopics(Object.values(topics));
    if (options.decide) standIns = await startStandIns(bus, brokers, local.secrets, process.env['CS_TENANT'] ?? 'acme');
    const policy = standIns === undefined ? undefined : decideSubject(local, standIns, { ...(profile === undefined ? {} : { profile }) });
    const subjects: readonly ('echo' | 'decide')[] = (policy === undefined ? ['echo'] : ['echo', 'decide']);
    const subject = async (which: 'echo' | 'decide'): Promise<Subject> => (which === 'echo' ? echoSubject(bus, brokers) : policy!);
    for (let round = 1; round <= (quick ? 1 : 3); round += 1) {
      for (const which of subjects) {
        const { perSecond, cpuUs } = await peak(bus, await subject(which), { echo: quick ? 60_000 : 120_000, decide: quick ? 30_000 : 80_000 }[which]);
        figures[which].perSecond.push(perSecond);
        figures[which].cpuUs.push(cpuUs);
        tell(`round ${round}: ${which} ${Math.round(perSecond)} messages/s, ${cpuUs.toFixed(0)} µs of processor time per message`);
      }
      for (const which of subjects) {
        const { p50, p99 } = await openLoop(bus, await subject(which), rate, quick ? 6 : 20);
        figures[which].p50.push(p50);
        figures[which].p99.push(p99);
        tell(`round ${round}: ${which} at ${rate}/s p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
      }
    }
    const { echo, decide } = figures;
    return {
      ...(options.bus ? {
        'bus.echo.per_s': ofRounds(echo.perSecond, '1/s', { note: `raw kafkajs, 1 KB, 4 partitions, acks all; ${Math.round(median(echo.cpuUs))} µs of processor time per message in its process` }),
        'bus.echo.p50_ms': ofRounds(echo.p50, 'ms', { note: `at ${rate}/s` }),
        'bus.echo.p99_ms': ofRounds(echo.p99, 'ms', { note: `at ${rate}/s` }),
        ...await benchProcessing({ brokers: brokers.split(','), quick, tell }),
      } : {}),
      ...(policy === undefined ? {} : {
        'decide.kafka.per_s': ofRounds(decide.perSecond, '1/s', { baseline: echo.perSecond, note: `inbox messages answered, one policy process, ${Math.round(median(decide.cpuUs))} µs of processor time per message; ${Object.entries(policy.counts()).map(([what, n]) => `${what}: ${n}`).join(', ')}; all as expected, each exactly once` }),
        'decide.kafka.p50_ms': ofRounds(decide.p50, 'ms', { baseline: echo.p50, note: `publish to reply at ${rate}/s` }),
        'decide.kafka.p99_ms': ofRounds(decide.p99, 'ms', { baseline: echo.p99, note: `publish to reply at ${rate}/s` }),
      }),
    };
  } finally {
    await standIns?.stop();
    await bus.close();
  }
};
