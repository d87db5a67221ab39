// A processor with folded state, run as a process of its own: `node --conditions=source bus-processor.ts`. Each output carries a dense position per partition, folded from the first output.
import { createKafkaBus } from '@countersign/bus/kafka';

const { BROKERS, GROUP, INPUT, FIRST, SECOND, DECLARES } = process.env as Record<string, string>;
const bus = await createKafkaBus({ brokers: [BROKERS!], clientId: `faults-${process.pid}`, requestTimeoutMs: 1_500, sessionTimeoutMs: 6_000, transactionTimeoutMs: 10_000, declareTransactions: DECLARES === 'true' });
const told = new Map<string, number>();

await bus.process({
  group: GROUP!, input: INPUT!, outputs: [FIRST!, SECOND!], maxBatch: 100,
  onError: (error) => { const what = error.message.slice(0, 80); told.set(what, (told.get(what) ?? 0) + 1); process.send?.({ error: what }); },
  own: async (ownership) => {
    const [end] = await ownership.append([{ topic: FIRST!, key: 'marker', value: Buffer.from('marker') }]);
    let position = -1;
    // Only the last one counts, but a fold that skipped a record would go unnoticed if only the end were read.
    for await (const batch of ownership.read(FIRST!, 0n, end!)) for (const { key, value } of batch) if (key !== 'marker') position = Number(value!.toString().split(' ')[0]);
    process.send?.({ owns: ownership.partition });
    return {
      handle: (messages) => messages.flatMap(({ key, value, offset }) => {
        position += 1;
        const line = Buffer.from(`${position} ${offset} ${value!.toString()}`);
        return [{ topic: FIRST!, key: key!, value: line }, { topic: SECOND!, key: key!, value: line }];
      }),
    };
  },
});
