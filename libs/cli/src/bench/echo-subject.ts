import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Bus } from '@countersign/bus';
import { startNode } from './child.ts';
import type { Subject } from './flow.ts';

const partitions = 4;

/** The raw kafkajs echo of 1 KB messages, in topics of its own. */
export const echoSubject = async (bus: Bus, brokers: string): Promise<Subject> => {
  const id = randomBytes(4).toString('hex');
  const [input, output] = [`bench.in-${id}.v1`, `bench.out-${id}.v1`] as const;
  await bus.ensureTopics([input, output].map((name) => ({ name, partitions, compacted: false, retentionMs: 600_000, maxMessageBytes: 1_048_576 })));
  const body = randomBytes(507).toString('hex').padEnd(1_014, ' ');
  let first = 0;
  let sent = 0;
  return {
    name: 'echo', output,
    messages: (count) => {
      first = sent;
      sent += count;
      return Array.from({ length: count }, (_, n) => ({ topic: input, key: `run-${n % 997}`, value: Buffer.from(`${String(first + n).padStart(10, '0')}${body}`) }));
    },
    start: () => startNode('echo', [fileURLToPath(new URL('./echo.js', import.meta.url)), brokers, `bench-${id}`, input, output, String(partitions)], { ready: async (printed) => printed.includes('echo ready') }),
    readAnswer: ({ value }) => ({ index: Number(value!.subarray(0, 10).toString()) - first }),
  };
};
