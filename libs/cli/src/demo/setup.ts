import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, Snapshot } from '@countersign/bus';
import { topic, validateAgentSnapshot, validateGraphNode, validatePersonSnapshot, validateToolSnapshot } from '@countersign/contracts';
import type { AgentSnapshot, EnrolledPerson, GraphList, PeopleList, ToolList, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, generateKey, loadKeyFile, signPersonStatement } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { followSigned } from '@countersign/service-host';
import { CannotRun } from '../errors.ts';
import { readCatalogue } from '../graph/catalog.ts';
import type { Local } from '../local.ts';
import { activate } from '../people/activate.ts';
import { createClient, Refused } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import { enrol, invite } from '../people/enrol.ts';
import { hasKey, keyOf } from '../people/local-people.ts';
import { agree, readChange } from '../permissions/agree.ts';
import { toolUrl } from './connect.ts';
import { agents, audience, operator, people, reverser } from './roster.ts';

export interface Demo {
  /** Who answers for each agent, as it stands now: by agent. */
  readonly owners: ReadonlyMap<string, string>;
  /** Its people who have not left. */
  readonly people: readonly string[];
  /** Client keys of the demo's agents, by agent id. */
  readonly agents: ReadonlyMap<string, SigningKey>;
  readonly tools: ReadonlyMap<string, ToolSnapshot>;
  readonly nodes: readonly string[];
  readonly operator: Client;
}

const packFile = new URL('../../../../services/policy/packs/demo/tools.json', import.meta.url);
const graphFile = new URL('../../../../services/policy/packs/demo/graph/catalog-info.yaml', import.meta.url);
const agentKeyFile = (local: Pick<Local, 'dir'>, agent: string): string => join(local.dir, 'agents', `${agent}.key.json`);

/** The key a demo agent's runtime shows at the token endpoint; made on first use, kept on this machine. */
export const agentKey = (local: Pick<Local, 'dir'>, agent: string, make = false): SigningKey => {
  const file = agentKeyFile(local, agent);
  if (!existsSync(file)) {
    if (!make) throw new CannotRun(`No key of the agent "${agent}" on this machine. The demo's agents are ${agents.map((one) => one.agent).join(', ')}; \`npm start\` registers them, countersign agent new makes others.`);
    mkdirSync(join(local.dir, 'agents'), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(generateKey(`${agent}-1`).privateJwk), { mode: 0o600 });
  }
  return loadKeyFile(file);
};

/** Brings people, tools and agents of the demo company into the registry over its HTTP interface. Done again it changes nothing. */
export const setUp = async (local: Local): Promise<Demo> => {
  const nobody = createClient({ http: local.http });
  await enrolOperator(local, nobody);
  const client = createClient({ http: local.http, as: { person: operator.person, key: keyOf(local.dir, operator.person) } });
  const { people: known } = await client.request<PeopleList>('registry', 'GET', '/people');
  const gone = new Set(known.flatMap(({ person, status }) => (status === 'gone' ? [person] : [])));
  for (const about of people) {
    const there = known.some(({ person }) => person === about.person);
    if (there && !hasKey(local.dir, about.person)) throw new CannotRun(`${about.person} is enrolled, but the key is gone from ${local.dir}/people. \`npm run reset\` starts over.`);
    if (!there) await letIn(local, await enrol(nobody, local.dir, (await invite(client, about)).code, about));
  }
  const { tools } = await client.request<ToolList>('registry', 'POST', '/tools', { tools: await countersigned(local, client, JSON.parse(await readFile(packFile, 'utf8')) as readonly Declared[]) });
  const systems = await readCatalogue([{ name: 'catalog-info.yaml', text: await readFile(graphFile, 'utf8') }]);
  const { nodes } = await client.request<GraphList>('registry', 'POST', '/graph', { nodes: systems.nodes });
  const keys = new Map<string, SigningKey>();
  const drafts: string[] = [];
  const owners = new Map<string, string>();
  for (const agent of [...agents, reverser]) {
    const key = agentKey(local, agent.agent, true);
    if (agent === reverser) tellSupervision(local, key); else keys.set(agent.agent, key);
    // What people made of an agent since (another owner, suspended) stays as it is: that is theirs to undo.
    const known = await registered(client, agent.agent);
    const standing = known !== undefined && known.status !== 'draft' ? known : await client.request<AgentSnapshot>('registry', 'POST', '/agents', { ...agent, key: key.publicJwk });
    owners.set(agent.agent, standing.owner);
    if (standing.status === 'draft') drafts.push(agent.agent);
  }
  await activate(client, drafts, 'demo');
  return { owners, people: [operator, ...people].flatMap(({ person }) => (gone.has(person) ? [] : [person])), agents: keys, tools: new Map(tools.map((tool) => [tool.tool, tool])), nodes: nodes.map(({ node }) => node), operator: client };
};

const registered = (client: Client, agent: string): Promise<AgentSnapshot | undefined> =>
  client.request<AgentSnapshot>('registry', 'GET', `/agents/${agent}`).catch((error: unknown) => { if (error instanceof Refused && error.status === 404) return undefined; throw error; });

/** Supervision reads who it is, and where the tools are, each time it takes something back. */
const tellSupervision = (local: Local, { privateJwk }: SigningKey): void =>
  writeFileSync(join(local.secrets, 'reversals.json'), JSON.stringify({ agent: reverser.agent, key: privateJwk, tools: { [audience]: `${toolUrl(local)}/tools` } }), { mode: 0o600 });

/** Since the first reviewer is here, they agree to everybody else: on this machine the demo does it with their key. */
const letIn = async (local: Local, { person, change }: EnrolledPerson): Promise<void> => {
  const reviewer = people.find((one) => one.roles.includes('policy-reviewer') && one.person !== person && hasKey(local.dir, one.person));
  if (change === undefined || reviewer === undefined) return;
  const who = { person: reviewer.person, key: keyOf(local.dir, reviewer.person) };
  const client = createClient({ http: local.http, as: who });
  await agree(client, who, await readChange(client, change), 'works here');
};

type Declared = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;

/** A newer pack changes tools that are there already: on this machine the demo's own reviewer signs that, as a second person would. */
const countersigned = async (local: Local, client: Client, declared: readonly Declared[]): Promise<readonly (Declared & { readonly review?: string })[]> => {
  const reviewer = people.find(({ roles }) => roles.includes('policy-reviewer'));
  const { tools } = await client.request<ToolList>('registry', 'GET', '/tools');
  return declared.map((tool) => {
    const known = tools.find((one) => one.tool === tool.tool);
    const definition = argumentsDigest(tool);
    if (known === undefined || known.definition === definition || reviewer === undefined) return tool;
    const statement = { sub: reviewer.person, tenant: process.env['CS_TENANT'] ?? 'acme', tool: tool.tool, definition, replaces: known.definition, reason: 'a newer demo', iat: Math.floor(Date.now() / 1000) };
    return { ...tool, review: signPersonStatement('tool-review', statement, keyOf(local.dir, reviewer.person)) };
  });
};

const enrolOperator = async (local: Local, nobody: Client): Promise<void> => {
  const file = join(local.secrets, 'operator-enrolment');
  if (existsSync(join(local.dir, 'people', `${operator.person}.json`))) {
    // Enrolled before, unless the first attempt was cut off between key and answer.
    const client = createClient({ http: local.http, as: { person: operator.person, key: keyOf(local.dir, operator.person) } });
    if (await client.request('registry', 'GET', '/people').then(() => true, () => false)) return;
  }
  if (!existsSync(file)) throw new CannotRun(`The first operator's one-time code is not at ${file}, and no key of the operator works. \`npm run reset\` starts over.`);
  await enrol(nobody, local.dir, readFileSync(file, 'utf8').trim(), operator);
};

/** Resolves once the registry's signed snapshots carry everything the demo needs: what policy, approvals and the tool server decide by. */
export const awaitSnapshots = async (bus: Bus, keys: KeySet, demo: Demo, timeoutMs = 20_000): Promise<void> => {
  const common = { signer: 'registry', keys, now: Date.now };
  const known = {
    agents: followSigned(bus, { ...common, topic: topic.registryAgents, validate: validateAgentSnapshot, keyOf: (one) => one.agent }),
    tools: followSigned(bus, { ...common, topic: topic.registryTools, validate: validateToolSnapshot, keyOf: (one) => one.tool }),
    nodes: followSigned(bus, { ...common, topic: topic.registryGraph, validate: validateGraphNode, keyOf: (one) => one.node }),
    people: followSigned(bus, { ...common, topic: topic.registryPeople, validate: validatePersonSnapshot, keyOf: (one) => one.person }),
  };
  const all: readonly Snapshot<object>[] = Object.values(known);
  const missing = (): string | undefined =>
    [...agents, reverser].find(({ agent }) => (known.agents.get(agent)?.status ?? 'draft') === 'draft')?.agent
    ?? [...demo.tools].find(([name, { definition }]) => known.tools.get(name)?.definition !== definition)?.[0]
    ?? demo.nodes.find((node) => known.nodes.get(node) === undefined)
    ?? demo.people.find((person) => known.people.get(person)?.status !== 'active');
  const deadline = Date.now() + timeoutMs;
  try {
    while (missing() !== undefined) {
      if (Date.now() > deadline) throw new CannotRun(`The registry knows ${missing()}, but has not published it within ${timeoutMs / 1000} s. Look at the log of the registry (outbox).`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  } finally {
    await Promise.all(all.map((one) => one.stop()));
  }
};
