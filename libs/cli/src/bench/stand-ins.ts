import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envelope } from '@countersign/bus';
import type { Bus, Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AgentSnapshot, GraphNode, PersonSnapshot, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, generateKey, signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { serviceKey } from '@countersign/service-host';
import { startNode } from './child.ts';
import { benchGraph, benchPack, writeBundle } from './thousand-rules.ts';

export interface StandIns {
  readonly registryKey: SigningKey;
  /** Signs instructions; policy knows them from the people snapshot. */
  readonly person: { readonly id: string; readonly key: SigningKey };
  readonly agents: readonly string[];
  /** 1,000 rules over 100 tools: the tools are published, the bundle lies in `bundleFolder` for the policy process. */
  readonly pack: Awaited<ReturnType<typeof benchPack>>;
  readonly bundleFolder: string;
  stop(): Promise<void>;
}

/** Plays registry, supervision and anomaly for one policy process: signed snapshots of agents, people and the bench's tools, and everybody's heartbeats. */
export const startStandIns = async (bus: Bus, brokers: string, secretsDir: string, tenant: string): Promise<StandIns> => {
  const registryKey = serviceKey(secretsDir, 'registry');
  const publish = (what: string, at: string, key: string, value: object): Outgoing => signServiceMessage({
    topic: at, key, value: Buffer.from(JSON.stringify(value)), headers: envelope({ id: randomUUID(), type: `countersign.registry.${what}.v1`, source: '/registry', time: Date.now(), tenant }),
  }, registryKey);
  const person = { id: 'uma', key: generateKey('uma-1') };
  const agents = Array.from({ length: 20 }, (_, n) => `clerk-${n}`);
  const pack = await benchPack();
  const place = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const bundleFolder = await writeBundle(join(place, 'bench'), pack.spec); // a bundle is named after its folder;
  await bus.publish([
    ...agents.map((agent) => publish('agent', topic.registryAgents, agent, {
      agent, tenant, version: 1, name: agent, owner: 'olga', purpose: 'bench', roles: ['clerk'], status: 'active', permissions: ['ledger.*', 'payments.*', 'care.*', 'release.*', 'office.*'],
      ceiling: 2, environment: 'bench', model: null, runtimeTrusted: true, limits: { calls: 1_000, money: null },
    } satisfies AgentSnapshot)),
    publish('person', topic.registryPeople, person.id, { person: person.id, tenant, version: 1, name: 'Uma', roles: ['user'], status: 'active', keys: [person.key.publicJwk] } satisfies PersonSnapshot),
    publish('node', topic.registryGraph, 'component:default/web', { node: 'component:default/web', tenant, version: 1, kind: 'service', title: 'web', owner: null, dependsOn: [], marks: ['revenue_path'], paths: [], status: 'live' } satisfies GraphNode),
    ...benchGraph.map((node) => publish('node', topic.registryGraph, node.node, { ...node, tenant })),
    ...pack.tools.map((tool) => publish('tool', topic.registryTools, tool.tool, { ...tool, tenant, version: 1, definition: argumentsDigest(tool as never) } satisfies ToolSnapshot)),
  ]);
  const beats = await startNode('heartbeats', [fileURLToPath(new URL('./heartbeats.js', import.meta.url)), brokers, secretsDir, tenant], { ready: async (printed) => printed.includes('beating') });
  return { registryKey, person, agents, pack, bundleFolder, stop: async () => { await beats.stop(); await rm(place, { recursive: true, force: true }); } };
};
