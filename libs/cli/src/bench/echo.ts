import { rawEcho } from '@countersign/bus/kafka';

/** The echo as a process of its own, as policy is one: `node echo.js BROKERS GROUP INPUT OUTPUT PARTITIONS`. Ends on SIGTERM. */
const [brokers, group, input, output, partitions] = process.argv.slice(2) as [string, string, string, string, string];
// As large as a record batch of 1 KB messages may be: smaller ones would flatter whatever is compared with the echo.
const echo = await rawEcho({ brokers: brokers.split(','), clientId: 'bench-echo' }, { group, input, output, partitions: Number(partitions), maxBatch: 900 });
process.stdout.write('echo ready\n');
process.once('SIGTERM', () => { void echo.stop().then(() => process.exit(0)); });
