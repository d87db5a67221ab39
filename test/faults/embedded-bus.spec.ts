import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus } from '@countersign/bus';
import { createEmbeddedBus } from '@countersign/bus/embedded';
import pg from 'pg';
import { faultsOf } from '../../libs/spec/src/bus-contract/counting-owner.ts';
import { fresh, numbered, readAll } from '../../libs/spec/src/bus-contract/harness.ts';
import { until } from '../../libs/spec/src/until.ts';

const server = process.env['CS_TEST_POSTGRES'] ?? 'postgres://countersign:countersign@127.0.0.1:25432/countersign';
const child = fileURLToPath(new URL('./embedded-bus.child.ts', import.meta.url));

describe('embedded bus under faults', () => {
  const admin = new pg.Client({ connectionString: server });
  const database = `bus_faults_${process.pid}_${Date.now().toString(36)}`;
  const url = new URL(server);
  url.pathname = `/${database}`;
  let bus: Bus;
  let children: ChildProcess[] = [];

  beforeAll(async () => {
    await admin.connect();
    await admin.query(`CREATE DATABASE ${database}`);
    bus = await createEmbeddedBus({ connectionString: url.href });
  });
  afterEach(async () => {
    for (const one of children) one.kill('SIGKILL');
    await until('children to end', () => children.every((one) => one.exitCode !== null || one.signalCode !== null));
    children = [];
  });
  afterAll(async () => {
    await bus.close();
    await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
    await admin.end();
  });

  const prepare = async () => {
    const names = { group: fresh('faults'), input: `${fresh('in')}.v1`, governed: `${fresh('governed')}.v1`, replies: `${fresh('replies')}.v1` };
    await bus.ensureTopics([names.input, names.governed, names.replies].map((name) => ({ name, partitions: 2, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_000_000 })));
    const start = (slowMs: number) => {
      const said: string[] = [];
      const one = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--conditions=source', child, JSON.stringify({ url: url.href, slowMs, ...names })], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [one.stdout, one.stderr]) stream.on('data', (data: Buffer) => said.push(...data.toString().split('\n')));
      children.push(one);
      return { one, said };
    };
    const written = async () => (await bus.ends(names.replies)).reduce((sum, end) => sum + end, 0n);
    const verdict = async (expected: readonly string[]) => faultsOf(await readAll(bus, names.governed), await readAll(bus, names.replies), expected);
    return { names, start, written, verdict };
  };
  const valuesOf = (messages: readonly { value: Buffer | string | null }[]) => messages.map((message) => message.value!.toString());

  it('neither loses nor repeats when processes are killed in the middle of a transaction', async () => {
    const { names, start, written, verdict } = await prepare();
    const input = numbered(names.input, 600, 14);
    await bus.publish(input);
    for (let round = 1; round <= 3; round += 1) {
      const before = await written();
      const { one, said } = start(20);
      await until(`round ${round} to get on; it said ${said.join(', ')}`, async () => (await written()) >= before + 40n);
      const count = said.length;
      await until('a batch in hand', () => said.slice(count).some((line) => line.startsWith('handling')));
      one.kill('SIGKILL');
    }
    expect(await written()).toBeLessThan(600n);
    start(0);
    await until('all of it', async () => (await written()) >= 600n, 120_000);
    expect(await verdict(valuesOf(input))).toEqual([]);
  }, 400_000);

  it('fences an owner that was paused and wakes', async () => {
    const { names, start, written, verdict } = await prepare();
    const input = numbered(names.input, 400, 14);
    await bus.publish(input.slice(0, 300));
    const paused = start(50);
    await until('the first to get on', async () => (await written()) >= 40n);
    const count = paused.said.length;
    await until('a batch in hand', () => paused.said.slice(count).some((line) => line.startsWith('handling')));
    paused.one.kill('SIGSTOP');
    const at = await written();
    const other = start(5);
    await until('the second to own both', () => ['own 0', 'own 1'].every((line) => other.said.includes(line)));
    await until('the second to get on', async () => (await written()) > at);
    expect(paused.said.some((line) => line.startsWith('discard'))).toBe(false);
    paused.one.kill('SIGCONT');
    await until('the first to throw its state away', () => paused.said.some((line) => line.startsWith('discard')));
    await bus.publish(input.slice(300));
    await until('all of it', async () => (await written()) >= 400n, 120_000);
    expect(await verdict(valuesOf(input))).toEqual([]);
  }, 400_000);
});
