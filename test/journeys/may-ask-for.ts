import { randomUUID } from 'node:crypto';
import { envelope } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import { serviceKey } from '@countersign/service-host';
import type { Whole } from '@countersign/spec/whole';

/** Says in the registry's name that a role lets the agent ask for tools. */
export const mayAskFor = async (whole: Whole, agent: string, tools: readonly string[]): Promise<void> => {
  const { lastUseAt: _, ...snapshot } = (await whole.people.operator.call('registry', 'GET', `/agents/${agent}`)).body;
  const body = { ...snapshot, version: Number(snapshot['version']) + 1_000, requestable: [{ role: 'clerk', permission: { permission: 'more', tools, requestable: true } }] };
  await whole.bus.publish([signServiceMessage({
    topic: topic.registryAgents, key: agent, value: Buffer.from(JSON.stringify(body)), headers: envelope({ id: randomUUID(), type: 'countersign.registry.agent.v1', source: 'registry', time: Date.now(), tenant: 'acme' }),
  }, serviceKey(whole.place.secretsDir, 'registry'))]);
};
