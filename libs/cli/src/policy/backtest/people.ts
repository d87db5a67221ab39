import type { Bus, BusMessage } from '@countersign/bus';
import { topic, validatePersonSnapshot } from '@countersign/contracts';
import type { PersonSnapshot } from '@countersign/contracts';
import { parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { Reviewer } from '@countersign/policy/core/backtest/queue';

/** A compacted topic as it is now: the last of each key that its service signed. */
export const snapshotNow = async <T>(bus: Bus, keys: KeySet, name: string, signer: string, validate: (value: unknown) => value is T): Promise<ReadonlyMap<string, T>> => {
  const found = new Map<string, T>();
  const take = (message: BusMessage): void => {
    const type = message.headers['ce_type'] ?? '';
    if (message.key === null || !verifyServiceMessage(message, keys, { [type]: [signer] }).ok) return;
    if (message.value === null) { found.delete(message.key); return; }
    const parsed = parseStrictJson(message.value, { maxBytes: 1 << 20 });
    if (parsed.ok && validate(parsed.value)) found.set(message.key, parsed.value);
  };
  await bus.scan({ topic: name, onBatch: (messages) => messages.forEach(take) });
  return found;
};

/** Everybody active whom the registry knows, with their roles. */
export const registeredPeople = async (bus: Bus, keys: KeySet): Promise<readonly Reviewer[]> =>
  [...(await snapshotNow<PersonSnapshot>(bus, keys, topic.registryPeople, 'registry', validatePersonSnapshot)).values()].filter(({ status }) => status === 'active').map(({ person, roles }) => ({ person, roles }));
