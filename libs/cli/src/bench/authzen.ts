import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClientAssertion, generateKey } from '@countersign/identity';
import type { Local } from '../local.ts';
import { activate, governed } from '../people/activate.ts';
import { startNode } from './child.ts';
import { busyRate, openP99 } from './http-load.ts';
import type { HttpLoad } from './http-load.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';
import { staff, startServices } from './own-services.ts';
import { benchPack } from './thousand-rules.ts';

const connections = 64;
const rate = 100;
const agents = 8;
const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 60_000; !await condition(); await new Promise((resolve) => { setTimeout(resolve, 100); })) if (Date.now() > deadline) throw new Error(`${what}: not within a minute`);
};

/** Tools and agents through the registry's own door; a bearer token each. */
const enrolAgents = async (local: Local, place: string, pack: Awaited<ReturnType<typeof benchPack>>): Promise<readonly string[]> => {
  const operator = await staff(local, place, [{ person: 'owner', name: 'Owner', roles: ['agent-owner'] }]);
  await operator.request('registry', 'POST', '/tools', { tools: pack.tools });
  const tokens: string[] = [];
  for (let n = 0; n < agents; n += 1) {
    const agent = `pep-${n}`, key = generateKey(`${agent}-1`);
    await operator.request('registry', 'POST', '/agents', { agent, name: agent, owner: 'owner', ...governed('owner'), purpose: 'bench', roles: ['clerk'], permissions: ['office.*'], ceiling: 2, environment: 'bench', limits: { calls: 1_000, money: null }, key: key.publicJwk });
    await activate(operator, [agent], 'bench');
    const assertion = createClientAssertion({ client: agent, audience: `${local.http.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, key);
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion });
    const answer = await fetch(`${local.http.gateway}/oauth2/token`, { method: 'POST', body: form });
    if (!answer.ok) throw new Error(`the gateway gave no token: ${await answer.text()}`);
    tokens.push(((await answer.json()) as { access_token: string }).access_token);
  }
  return tokens;
};

/** authzen.http.*: evaluations over HTTP through gateway, Kafka and policy and back, beside an echo of bare Fastify under the same load. */
export const benchAuthzen = async (local: Local, { quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const place = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const pack = await benchPack();
  const services = await startServices(local, place, pack, { registry: { CS_REGISTRY_TOKENS_PER_MINUTE: '10000000' }, policy: {}, gateway: { CS_GATEWAY_PER_MINUTE: '1000000' } });
  const port = new URL(local.http.tools).port;
  const echo = await startNode('echo', [fileURLToPath(new URL('./fastify-echo.js', import.meta.url)), port], { ready: async (printed) => printed.includes('listening') });
  try {
    const tokens = await enrolAgents(local, place, pack);
    const reads = pack.office.filter((_, n) => n % 2 === 1);
    const body = (n: number): string => JSON.stringify({
      subject: { type: 'agent', id: `pep-${n % agents}` }, action: { name: 'call', properties: { amount: 1_200 + n % 700, recipient: `desk-${n % 300}`, subject: `entry ${n}`, memo: 'Filed with the others, as every week. '.repeat(8) } },
      resource: { type: 'tool', id: reads[n % reads.length]! }, context: { countersign: { instruction: 'File the entries of the week.' } },
    });
    const url = `${local.http.gateway}/access/v1/evaluation`;
    // One connection pool per agent: a token speaks for its own agent only.
    const loads = tokens.map((token, agent): HttpLoad => ({ url, headers: { authorization: `Bearer ${token}` }, body: (n) => body(n * agents + agent) }));
    await until('the last tool is known', async () => (await fetch(url, { method: 'POST', headers: { ...loads[0]!.headers, 'content-type': 'application/json' }, body: loads[0]!.body(0) }).then((answer) => answer.text())).includes('"decision":true'));
    const bare: HttpLoad = { url: `http://127.0.0.1:${port}/access/v1/evaluation`, headers: {}, body };
    const busy = { ours: [] as number[], bare: [] as number[] }, p99 = { ours: [] as number[], bare: [] as number[] };
    const seconds = quick ? 4 : 10;
    for (let round = 1; round <= (quick ? 1 : 3); round += 1) {
      busy.bare.push(await busyRate(bare, connections, seconds));
      busy.ours.push((await Promise.all(loads.map((load) => busyRate(load, connections / agents, seconds)))).reduce((sum, one) => sum + one, 0));
      p99.bare.push(await openP99(bare, rate, seconds));
      p99.ours.push(await openP99({ ...loads[0]! }, rate, seconds));
      tell(`authzen, round ${round}: ${Math.round(busy.ours.at(-1)!)} evaluations/s, bare Fastify ${Math.round(busy.bare.at(-1)!)}; at ${rate}/s p99 ${p99.ours.at(-1)!.toFixed(1)} ms, bare ${p99.bare.at(-1)!.toFixed(1)} ms`);
    }
    return {
      'authzen.http.per_s': ofRounds(busy.ours, '1/s', { baseline: busy.bare, note: `evaluations with ${connections} connections of ${agents} callers; each a run of its own through registry, gateway, Kafka and policy with 1,000 rules, all true; baseline: bare Fastify that answers at once, same loader` }),
      'authzen.http.p99_ms': ofRounds(p99.ours, 'ms', { baseline: p99.bare, note: `at ${rate}/s, from when a request was due` }),
    };
  } finally {
    await echo.stop();
    await services.stop();
    await rm(place, { recursive: true, force: true });
  }
};
