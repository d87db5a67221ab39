// A processor in a process of its own; Node strips the types. Says on stdout what it is about to do, so that it can be hit in the middle.
import { createEmbeddedBus } from '../../libs/bus/src/embedded/index.ts';
import { counting } from '../../libs/spec/src/bus-contract/counting-owner.ts';

const { url, slowMs, ...names } = JSON.parse(process.argv[2]!) as { url: string; slowMs: number; group: string; input: string; governed: string; replies: string };
const say = (what: string): void => { process.stdout.write(`${what}\n`); };

const bus = await createEmbeddedBus({ connectionString: url, leaseMs: 1_500 });
const running = await counting(bus, {
  ...names,
  maxBatch: 10,
  onOwn: ({ partition }) => say(`own ${partition}`),
  before: async ([first]) => { say(`handling ${first!.partition}`); await new Promise((resolve) => setTimeout(resolve, slowMs)); },
  onDiscard: (partition) => say(`discard ${partition}`),
});
process.on('SIGTERM', () => { void running.stop().then(() => bus.close()); });
