import { envelope } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { ServiceEvent } from '@countersign/contracts';
import type { OutboxMessage } from '@countersign/event-store';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import type { Messages, RevocationMessages } from '../app/ports.ts';

export const snapshotTopics = { agent: topic.registryAgents, tool: topic.registryTools, person: topic.registryPeople, node: topic.registryGraph } as const;
/** Every topic that the registry keeps alive by a heartbeat. */
export const beatTopics = [...Object.values(snapshotTopics), topic.registryRevocations] as const;

/** Everything the registry says, signed with its key. */
export const createMessages = (key: SigningKey, tenant: string, now: () => number): Messages & RevocationMessages => {
  const message = (to: string, messageKey: string, type: string, body: object | null): OutboxMessage =>
    signServiceMessage({ topic: to, key: messageKey, value: body === null ? null : Buffer.from(JSON.stringify(body)), headers: envelope({ id: randomUUID(), type, source: 'registry', time: now(), tenant }) }, key);
  return {
    snapshot: (kind, id, body) => message(snapshotTopics[kind], id, `countersign.registry.${kind}.v1`, body),
    revocation: (entry) => message(topic.registryRevocations, entry.revocation, 'countersign.registry.revocation.v1', entry),
    forgotten: (revocation) => message(topic.registryRevocations, revocation, 'countersign.registry.revocation.v1', null),
    events: (stream, events, lastVersion, by, at) => events.map((event, i) => {
      // What a one-time code could be guessed from stays here.
      const { code: _code, ...data } = event as unknown as Record<string, never>;
      const body: ServiceEvent = { stream, version: lastVersion - events.length + 1 + i, type: event.type, at, by, data };
      return message(topic.registryEvents, stream, 'countersign.registry.event.v1', body);
    }),
  };
};
