import type { AgentReviewList, PutToolRequest } from '@countersign/contracts';
import { createKafkaBus } from '@countersign/bus/kafka';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { generateKey } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { createAgentRuntime, kafkaTransport, RunFailed } from '@countersign/sdk';
import type { AgentRuntime, AgentRuntimeOptions, Instruction, Run } from '@countersign/sdk';
import { serviceKeys } from '@countersign/service-host';
import { fromUrl, verifyLog } from '../../../cli/src/audit/verify.ts';
import type { Verified } from '../../../cli/src/audit/verify.ts';
import { governed } from '../../../cli/src/people/activate.ts';
import { deskTools, rulesFolder } from './desk.ts';
import { call } from './http.ts';
import { openPlace, serviceNames } from './infrastructure.ts';
import type { Place, ServiceName } from './infrastructure.ts';
import { enrol, enrolFirst, expectStatus, knownAt } from './people.ts';
import type { Human } from './people.ts';
import { observe } from './record.ts';
import type { Observed } from './record.ts';
import { startServices } from './services.ts';
import type { Urls } from './services.ts';
import { startToolServer } from './tool-server.ts';
import type { ToolServer } from './tool-server.ts';
import { until } from '../until.ts';

export interface Agent {
  readonly id: string;
  readonly key: SigningKey;
  readonly runtime: AgentRuntime;
  /** Opens a run and waits until policy has started it: it may not know a new agent yet. */
  open(instruction: Instruction | ((run: string) => Promise<Instruction>)): Promise<Run>;
}

/** The whole product in this process, with people, tools and agents made through its own doors. */
export interface Whole {
  readonly urls: Urls;
  readonly place: Place;
  readonly bus: Bus;
  readonly seen: Observed;
  readonly tools: ToolServer;
  readonly people: Readonly<Record<'operator' | 'owner' | 'tess' | 'theo' | 'sena' | 'nobody', Human>>;
  agent(id: string, change?: Readonly<Record<string, unknown>>): Promise<Agent>;
  runtime(id: string, key: SigningKey, change?: Partial<AgentRuntimeOptions>): AgentRuntime;
  /** Resolves once everything published was decided and stands in the log; then the log is verified from outside. */
  drain(): Promise<Verified>;
  /** As `drain`, and the log has exactly as many entries as an outsider read from the topics: services still speak after the last decision, so both are asked until they agree. */
  drainWhole(): Promise<Verified>;
  /** Stops one service, as if its process had gone. */
  stop(name: ServiceName): Promise<void>;
  /** Starts a stopped one again. @param change of its environment, for this life of it */
  start(name: ServiceName, change?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything. @param env added for every service @param tools beside those of the desk @param prepare what has to lie there before the first start */
export const startWhole = async (env: Readonly<Record<string, string>> = {}, names: readonly ServiceName[] = serviceNames, tools: Readonly<Record<string, PutToolRequest>> = {}, prepare: (place: Place) => void = () => undefined): Promise<Whole> => {
  const catalogue = { ...deskTools, ...tools };
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => { for (const one of closers.splice(0).reverse()) await one(); };
  try {
    const place = await openPlace();
    closers.push(place.close);
    prepare(place);
    const { urls, stop, start, close: stopAll } = await startServices(place, names, { CS_POLICY_BUNDLE: rulesFolder, ...slowly, ...env });
    closers.push(stopAll);
    const bus = namespacedBus(await createKafkaBus({ brokers: place.kafka.split(','), clientId: 'journey' }), place.namespace);
    closers.push(() => bus.close());
    const seen = await observe(bus);
    closers.push(() => seen.stop());
    const { keys } = serviceKeys(place.secretsDir);
    const toolServer = await startToolServer(bus, keys, place.redis);
    closers.push(() => toolServer.close());
    const transport = kafkaTransport(bus);
    closers.push(() => transport.close());

    const people = await staff(urls, place, names);
    expectStatus(await people.operator.call('registry', 'POST', '/tools', { tools: Object.entries(catalogue).map(([tool, body]) => ({ ...body, tool })) }), 200);

    const runtime: Whole['runtime'] = (id, key, change = {}) => createAgentRuntime({ agent: id, tenant: 'acme', clientKey: key, registryUrl: urls.registry, supervisionUrl: urls.supervision, auditUrl: urls.audit, transport, grantKeys: keys, decisionTimeoutMs: 60_000, ...change });
    const agent: Whole['agent'] = async (id, change = {}) => {
      const key = generateKey(`${id}-1`);
      const { kty, crv, x, kid } = key.publicJwk;
      const registration = { agent: id, name: id, owner: 'owner', purpose: 'journeys', roles: ['clerk'], permissions: ['desk.*'], ceiling: 2, environment: 'test', runtimeTrusted: true, limits: { calls: 1000, money: null }, key: { kty, crv, x, kid }, ...governed(typeof change['owner'] === 'string' ? change['owner'] : 'owner'), ...change };
      expectStatus(await people.operator.call('registry', 'POST', '/agents', registration), 200, 201);
      // Policy may be a moment behind the catalogue, and the review says so.
      let failed: unknown;
      await until('the governance review passes', async () => {
        const { reviews } = expectStatus(await people.operator.call('registry', 'POST', '/agents/reviews', { agents: [id] }), 200).body as unknown as AgentReviewList;
        failed = reviews[0]!.checks.filter(({ passed }) => !passed);
        return reviews[0]!.passed;
      }, 60_000).catch((error: Error) => { throw new Error(`${id} does not pass its governance review: ${failed === undefined ? error.message : JSON.stringify(failed)}`); });
      expectStatus(await people.operator.call('registry', 'POST', `/agents/${id}/activate`, { reason: 'ready' }), 200);
      const own = runtime(id, key);
      return { id, key, runtime: own, open: (instruction) => openRun(own, seen, instruction) };
    };
    await toolsKnown(await agent('first'), people.owner, Object.keys(catalogue).at(-1)!);
    return {
      urls, place, bus, seen, tools: toolServer, people, agent, runtime, stop, start, close,
      drain: () => drain(urls, seen),
      drainWhole: () => drainWhole(urls, seen),
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** What was granted stays so for as long as a test takes to come back to it, however slow the machine. */
const slowly = { CS_GRANT_MS: '300000' };

const staff = async (urls: Urls, place: Place, names: readonly ServiceName[]): Promise<Whole['people']> => {
  const operator = await enrolFirst(urls, place);
  const owner = await enrol(urls, operator, 'owner', ['treasurer', 'agent-owner']);
  const tess = await enrol(urls, operator, 'tess', ['treasurer']);
  const theo = await enrol(urls, operator, 'theo', ['treasurer']);
  const sena = await enrol(urls, operator, 'sena', ['senior']);
  const nobody = await enrol(urls, operator, 'guest', ['guest']);
  // The last that came is the last that anybody hears of.
  await Promise.all((Object.keys(doors) as (keyof typeof doors)[]).filter((service) => names.includes(service)).map((service) => knownAt(nobody, service, doors[service])));
  return { operator, owner, tess, theo, sena, nobody };
};

const doors = { policy: '/policy/bundles', approvals: '/approvals', supervision: '/halts', anomaly: '/levels', audit: '/completeness' } as const;

const openRun = (runtime: AgentRuntime, seen: Observed, instruction: Instruction | ((run: string) => Promise<Instruction>)): Promise<Run> =>
  until('policy has started the run', async () => {
    const run = await runtime.openRun({ instruction }).catch((error: unknown) => { if (error instanceof RunFailed && error.retryable) return undefined; throw error; });
    if (run === undefined) return undefined;
    const answer = await until('policy has answered the start', () => seen.replies(run.id)[0], 60_000);
    if (answer.kind !== 'refused') return run;
    if (answer.code !== 'unknown_agent' && answer.code !== 'agent_not_active') throw new Error(`the start was refused: ${answer.code}`);
    return undefined;
  }, 60_000);

/** The last tool put is the last that policy learns of. */
const toolsKnown = async (agent: Agent, owner: Human, last: string): Promise<void> => {
  await until('policy knows the tools', async () => {
    const run = await agent.open(owner.instruct(agent.id, 'look around'));
    const { code } = await run.propose(last, { note: 'x' }).decision;
    await run.end();
    return code !== 'unknown_tool';
  }, 60_000);
};

const drain = async (urls: Urls, seen: Observed): Promise<Verified> => {
  await seen.caughtUp();
  const sizeOf = async (): Promise<number> => {
    const { status, body } = await call('GET', `${urls.audit}/checkpoint`);
    return status === 200 ? Number(String(body['text']).split('\n')[1]) : 0;
  };
  await until('audit has everything that was recorded', async () => {
    const before = seen.recorded();
    return await sizeOf() >= before && seen.recorded() === before;
  }, 60_000);
  const { body } = await call('GET', `${urls.audit}/verifier-key`);
  return verifyLog(fromUrl(urls.audit), String(body['text']).trim());
};

const drainWhole = async (urls: Urls, seen: Observed): Promise<Verified> => {
  let verified = await drain(urls, seen);
  await until(() => `the log has every record once (${verified.entries} entries of ${seen.recorded()} records)`, async () => {
    if (verified.ok && verified.entries === seen.recorded()) return true;
    verified = await drain(urls, seen);
    return !verified.ok;
  }, 60_000);
  return verified;
};
