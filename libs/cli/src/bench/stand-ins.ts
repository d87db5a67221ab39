import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { envelope, startHeartbeats } from '@countersign/bus';
import type { Bus, Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AgentSnapshot, PersonSnapshot, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, generateKey, signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { serviceKey } from '@countersign/service-host';

export interface StandIns {
  readonly registryKey: SigningKey;
  /** Signs instructions; policy knows them from the people snapshot. */
  readonly person: { readonly id: string; readonly key: SigningKey };
  readonly agents: readonly string[];
  stop(): Promise<void>;
}

const pack = new URL('../../../../services/policy/packs/demo/', import.meta.url);
export const bundleFile = new URL('rules.yaml', pack);

/** Plays registry, supervision and anomaly for one policy process: signed snapshots of agents, people and the demo's tools, and everybody's heartbeats. */
export const startStandIns = async (bus: Bus, secretsDir: string, tenant: string): Promise<StandIns> => {
  const keys = { registry: serviceKey(secretsDir, 'registry'), supervision: serviceKey(secretsDir, 'supervision'), anomaly: serviceKey(secretsDir, 'anomaly') };
  const signed = (who: keyof typeof keys, what: string, at: string, key: string, value: Buffer): Outgoing =>
    signServiceMessage({ topic: at, key, value, headers: envelope({ id: randomUUID(), type: `countersign.${who}.${what}.v1`, source: `/${who}`, time: Date.now(), tenant }) }, keys[who]);
  const publish = (what: string, at: string, key: string, value: object): Outgoing => signed('registry', what, at, key, Buffer.from(JSON.stringify(value)));
  const person = { id: 'uma', key: generateKey('uma-1') };
  const agents = Array.from({ length: 20 }, (_, n) => `clerk-${n}`);
  const declared = JSON.parse(await readFile(new URL('tools.json', pack), 'utf8')) as ToolSnapshot[];
  await bus.publish([
    ...agents.map((agent) => publish('agent', topic.registryAgents, agent, {
      agent, tenant, version: 1, name: agent, owner: 'olga', purpose: 'bench', roles: ['clerk'], status: 'active', permissions: ['ledger.*', 'payments.*', 'care.*', 'release.*'],
      ceiling: 2, environment: 'bench', model: null, runtimeTrusted: false, limits: { calls: 1_000, money: null },
    } satisfies AgentSnapshot)),
    publish('person', topic.registryPeople, person.id, { person: person.id, tenant, version: 1, name: 'Uma', roles: ['user'], status: 'active', keys: [person.key.publicJwk] } satisfies PersonSnapshot),
    ...declared.map((tool) => publish('tool', topic.registryTools, tool.tool, { ...tool, tenant, version: 1, definition: argumentsDigest(tool as never) } satisfies ToolSnapshot)),
  ]);
  const beats = ([['registry', topic.registryAgents, 1_000], ['registry', topic.registryTools, 1_000], ['registry', topic.registryPeople, 1_000], ['supervision', topic.supervisionHalts, 500], ['anomaly', topic.anomalyLevels, 1_000]] as const)
    .map(([who, at, everyMs]) => startHeartbeats(bus, at, { everyMs, now: Date.now, sign: (key, value) => signed(who, 'heartbeat', at, key, value).headers! }));
  return { registryKey: keys.registry, person, agents, stop: async () => { await Promise.all(beats.map((beat) => beat.stop())); } };
};
