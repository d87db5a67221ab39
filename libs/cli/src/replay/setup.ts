import { readFile } from 'node:fs/promises';
import type { AgentSnapshot, InvitePersonResponse } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { ToolSpec } from '../catalogue/infer.ts';
import type { Local } from '../local.ts';
import { activate, governed } from '../people/activate.ts';
import { createClient } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import { enrol, invite } from '../people/enrol.ts';
import { keyOf } from '../people/local-people.ts';
import type { RecordedSession } from './session.ts';

export const packFolder = new URL('../../../../services/policy/packs/agentdojo/', import.meta.url);

export interface Cast {
  readonly operator: Client;
  /** Client keys of agents, by agent id. */
  readonly agents: ReadonlyMap<string, SigningKey>;
  /** The user of each workplace, whose instructions the sessions carry out. */
  readonly users: ReadonlyMap<string, { readonly person: string; readonly key: SigningKey }>;
  readonly approver: { readonly person: string; readonly key: SigningKey; readonly client: Client };
  readonly senior: { readonly person: string; readonly key: SigningKey };
}

const word = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, 100);

/** One agent per pipeline (the model) and suite (the workplace). */
export const agentOf = (session: Pick<RecordedSession, 'pipeline' | 'suite'>): string => `${word(session.suite)}.${word(session.pipeline)}`;
export const userOf = (suite: string): string => `user.${word(suite)}`;

const person = async (local: Local, operator: Client, id: string, roles: readonly string[]): Promise<{ readonly person: string; readonly key: SigningKey; readonly client: Client }> => {
  const about = { person: id, name: id, roles };
  const invited: InvitePersonResponse = await invite(operator, about);
  await enrol(createClient({ http: local.http }), local.dir, invited.code, about);
  const key = keyOf(local.dir, id);
  return { person: id, key, client: createClient({ http: local.http, as: { person: id, key } }) };
};

/** Where a recorded tool checks its grants. */
export const audienceOf = (tool: string): string => `agentdojo-${tool.slice(0, tool.indexOf('.'))}`;

export const packTools = async (): Promise<ToolSpec[]> => JSON.parse(await readFile(new URL('tools.json', packFolder), 'utf8')) as ToolSpec[];

/** Brings people, tools and agents of the recorded workplaces into a fresh registry, over its own HTTP interface. `inferred`: entries for tools the pack lacks. */
export const setUp = async (local: Local, pairs: readonly Pick<RecordedSession, 'pipeline' | 'suite'>[], inferred: readonly ToolSpec[] = []): Promise<Cast> => {
  const code = (await readFile(`${local.secrets}/operator-enrolment`, 'utf8')).trim();
  await enrol(createClient({ http: local.http }), local.dir, code, { person: 'operator', name: 'Operator', roles: ['operator', 'supervisor'] });
  const operator = createClient({ http: local.http, as: { person: 'operator', key: keyOf(local.dir, 'operator') } });

  const tools = [...await packTools(), ...inferred.map((tool) => ({ ...tool, system: audienceOf(tool.tool), audience: audienceOf(tool.tool) }))];
  for (let i = 0; i < tools.length; i += 40) await operator.request('registry', 'POST', '/tools', { tools: tools.slice(i, i + 40) });

  const owner = await person(local, operator, 'owner', ['agent-owner']);
  const approver = await person(local, operator, 'approver', ['approver']);
  const senior = await person(local, operator, 'senior', ['senior', 'approver']);
  const users = new Map<string, { readonly person: string; readonly key: SigningKey }>();
  for (const suite of new Set(pairs.map((pair) => pair.suite))) users.set(suite, await person(local, operator, userOf(suite), ['user']));

  const agents = new Map<string, SigningKey>();
  for (const pair of pairs) {
    const id = agentOf(pair);
    if (agents.has(id)) continue;
    const key = generateKey('client');
    await operator.request<AgentSnapshot>('registry', 'POST', '/agents', {
      agent: id, name: `${pair.suite} assistant on ${pair.pipeline}`, owner: owner.person, purpose: `office assistant of the ${pair.suite} workplace`, roles: ['assistant'],
      permissions: [`${pair.suite}.*`], ceiling: 2, environment: 'replay', model: pair.pipeline, runtimeTrusted: true, limits: { calls: 1000, money: null }, key: key.publicJwk, ...governed(owner.person),
    });
    agents.set(id, key);
  }
  await activate(operator, [...agents.keys()], 'replay');
  return { operator, agents, users, approver, senior };
};
