import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { createKeySet, loadJwks } from '@countersign/identity';
import { createAgentRuntime, kafkaTransport } from '@countersign/sdk';
import type { AgentRuntime } from '@countersign/sdk';
import { createHaltView, createRevocationView } from '@countersign/tool-guard';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import { progress } from '../output.ts';
import { keyOf } from '../people/local-people.ts';
import { createCompany } from './company.ts';
import { openBus, toolUrl } from './connect.ts';
import { startDemoSlack } from './slack/demo-slack.ts';
import { runDemo } from './demo.ts';
import { audience, operator, people } from './roster.ts';
import { awaitSnapshots, setUp } from './setup.ts';
import type { Demo } from './setup.ts';
import { callTool, startToolServer } from './tool-server.ts';
import { watch } from './watch.ts';

/** Epoch ms of `npm start`: as infra/local hands it over, else when this process began. */
const startedAt = (): number => Number(process.env['CS_STARTED_AT']) || Date.now() - process.uptime() * 1000;
const tenant = process.env['CS_TENANT'] ?? 'acme';
const paceMs = Number(process.env['CS_DEMO_PACE_MS'] ?? 900);

/** `npm start`: the demo company, live, until Ctrl-C. `--once` ends after the first round, in which the treasurer is played too. */
export const start = async (args: readonly string[]): Promise<number> => {
  const { once } = readArgs(args);
  const local = readLocal();
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

  const keys = createKeySet(loadJwks(join(local.secrets, 'jwks.json')));
  const began = Date.now();
  const since = (): string => `(${((Date.now() - began) / 1000).toFixed(1)} s)`;
  const [bus, demo] = await Promise.all([openBus(local, 'demo'), setUp(local).then((one) => { progress(`The demo company is registered ${since()}.`); return one; })]);
  const transport = kafkaTransport(bus);
  const halts = createHaltView({ bus, jwks: keys, now: Date.now }), revocations = createRevocationView({ bus, jwks: keys, now: Date.now });
  const seen = watch(bus, { out: (line) => process.stdout.write(`${line}\n`), colour: process.stdout.isTTY === true && !process.env['NO_COLOR'], startedAt: startedAt(), now: Date.now });
  await Promise.all([halts.ready, revocations.ready, awaitSnapshots(bus, keys, demo), seen.ready, transport.start()]);
  progress(`Its people, tools and agents are known everywhere ${since()}.`);
  const store = local.redis === undefined ? createMemoryHotState() : createRedisHotState({ url: local.redis, prefix: 'demo-tools:' });
  const server = await startToolServer({ company: createCompany(), audience, keys, store, halts, revocations, tools: demo.tools, now: Date.now, port: Number(new URL(toolUrl(local)).port) })
    .catch((error: NodeJS.ErrnoException) => { throw error.code === 'EADDRINUSE' ? new CannotRun(`The demo's tool server cannot listen on ${toolUrl(local)}: the port is in use.`) : error; });
  const runtimes = new Map<string, AgentRuntime>([...demo.agents].map(([agent, clientKey]) => [agent, createAgentRuntime({
    agent, tenant, clientKey, registryUrl: local.http.registry, supervisionUrl: local.http.supervision, transport, grantKeys: keys, decisionTimeoutMs: 30_000,
  })]));

  const slack = await startDemoSlack(local, tenant);
  introduce(local, demo, server.url, slack?.url);
  let complete = false;
  try {
    complete = await runDemo({
      local, once, signal: stopping.signal, seen, ...(slack !== undefined && { slack }),
      stage: {
        tenant, runtimeOf: (agent) => runtimes.get(agent)!, keyOfUser: (person) => keyOf(local.dir, person), patienceMs: 30 * 60_000, now: Date.now,
        call: (tool, toolArgs, permission) => callTool(server.url, tool, toolArgs, permission.headers),
        pace: () => pause(once || seen.counts().byTier['1'] === undefined ? 0 : paceMs, stopping.signal),
        onTrouble: (agent, error) => process.stdout.write(`          ${agent} cannot act: ${error.message}\n`),
      },
      pause: (ms) => pause(ms, stopping.signal),
    });
  } finally {
    await server.close();
    await slack?.close();
    await Promise.allSettled([seen.stop(), halts.stop(), revocations.stop(), transport.close(), store.close()]);
    await bus.close();
  }
  return complete && seen.problems() === 0 ? 0 : 1;
};

const readArgs = (args: readonly string[]): { readonly once: boolean } => {
  try {
    return { once: parseArgs({ args: [...args], options: { once: { type: 'boolean' } } }).values.once === true };
  } catch (error) {
    throw new CannotRun(`${(error as Error).message}\nUsage: npm start -- [--once]`);
  }
};

const pause = (ms: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal.aborted || ms <= 0) return resolve();
  const timer = setTimeout(done, ms);
  function done(): void { clearTimeout(timer); signal.removeEventListener('abort', done); resolve(); }
  signal.addEventListener('abort', done);
  return undefined;
});

const introduce = (local: ReturnType<typeof readLocal>, demo: Demo, tools: string, slack: string | undefined): void => {
  progress([
    '', 'Countersign is running: agents propose, policy decides, people countersign, and everything is on the record.', '',
    ...Object.entries(local.http).filter(([name]) => !['demo', 'tools', 'slack'].includes(name)).map(([name, url]) => `  ${name.padEnd(12)} ${url}`), `  ${'demo tools'.padEnd(12)} ${tools}`, `  ${'pages'.padEnd(12)} ${local.http.gateway}/ui`, ...(slack === undefined ? [] : [`  ${'demo Slack'.padEnd(12)} ${slack}`]),
    `  ${'bus'.padEnd(12)} ${local.bus === 'kafka' ? `Kafka ${local.kafka}` : 'embedded on PostgreSQL'}`, `  ${'logs'.padEnd(12)} ${join(local.dir, 'logs')}`, '',
    `  agents   ${[...demo.owners].map(([agent, owner]) => `${agent} (owner ${owner})`).join(', ')}`, `  people   ${[operator, ...people].filter(({ person }) => demo.people.includes(person)).map(({ person, roles }) => `${person} (${roles.join(', ')})`).join(', ')}`, '',
  ].join('\n'));
};
