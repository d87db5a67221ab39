import { partitionFor } from '@countersign/bus';
import type { BusMessage, Outgoing } from '@countersign/bus';
import { signers, validateDisposition, validateObservation } from '@countersign/contracts';
import type { GovernedRecord, Observation } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { hash } from 'node:crypto';
import { toObservation } from '../app/rekey.ts';
import type { Rekeying } from '../app/rekey.ts';
import type { Placed } from '../app/score.ts';
import { observationMessage } from '../outbound/publish.ts';
import type { Seal } from '../outbound/seal.ts';

const digest = (text: string): string => hash('sha256', text, 'base64url');

/**
 * A governed record as far as anomaly reads it; undefined: it says nothing of what an agent did. The whole record is not held against its schema, which takes
 * longer than everything else here: what is made of it is, and nothing else of it goes on. Throws where that is no observation.
 */
const observationOf = (message: BusMessage, rekeying: Rekeying): Observation | undefined => {
  const record = JSON.parse(message.value?.toString() ?? '') as GovernedRecord;
  if (typeof record.kind !== 'string') throw new TypeError('a governed record names its kind');
  const seen = toObservation(record, rekeying);
  if (seen !== undefined && !validateObservation(seen)) throw new TypeError(`no observation: ${validateObservation.errors?.[0]?.instancePath} ${validateObservation.errors?.[0]?.message}`);
  return seen;
};

/** A governed batch as observations, each for the partition of its agent. What cannot be read is told and left out: audit has its bytes. */
export const rekey = (messages: readonly BusMessage[], partitions: number, registered: Rekeying['registered'], seal: Seal, onUnreadable: (message: BusMessage, error: Error) => void): readonly Outgoing[] =>
  messages.flatMap((message) => {
    try {
      const seen = observationOf(message, { digest, registered });
      return seen === undefined ? [] : [observationMessage(seen, partitionFor(seen.agent, partitions), seal)];
    } catch (error) {
      onUnreadable(message, error as Error);
      return [];
    }
  });

/** How far policy's clock may be ahead of the broker's, ms. */
const mostAheadMs = 60_000;

/** A time later than the record was appended is no time that anything happened at: one record dated next month would keep days and levels there until then. The broker's time is the same at every replay. */
const notAhead = (now: number, { timestamp }: BusMessage): number => Math.min(now, timestamp + mostAheadMs);

/** What observations and analysts' words are known by as anomaly's own. */
export interface OwnWords { readonly keys: KeySet; readonly seal: Seal }

const readAction = (message: BusMessage, { keys, seal }: OwnWords): Placed => {
  const isDisposition = message.headers['ce_type'] === 'countersign.anomaly.disposition.v1';
  if (!isDisposition && !seal.holds(message)) throw new TypeError('not an observation that anomaly sealed');
  const value: unknown = JSON.parse(message.value?.toString() ?? '');
  if (isDisposition) {
    if (!validateDisposition(value) || value.agent !== message.key || !verifyServiceMessage(message, keys, signers).ok) throw new TypeError('not a disposition that anomaly signed');
    return { offset: message.offset, entry: { kind: 'disposition', ...value } };
  }
  if (!validateObservation(value) || value.agent !== message.key) throw new TypeError('not an observation under its agent');
  return { offset: message.offset, entry: { ...value, now: notAhead(value.now, message) } };
};

/** Reads entries of anomaly.actions.v1; told is what cannot be read. */
export type ReadActions = (messages: readonly BusMessage[], onUnreadable: (message: BusMessage, error: Error) => void) => readonly Placed[];

/** Entries held for the second of the two that read them: some megabytes. */
const mostHeld = 20_000;
const mostPartitions = 1_024;

/**
 * Our own observations back from the bus, and analysts' words, which anomaly signed after it had verified them. Bytes that are neither are left out, the
 * same ones at every replay. Scoring and pictures read the same records, as a rule in the same process: what one of them has verified is held for the other.
 */
export const actionReader = (own: OwnWords): ReadActions => {
  const held = new Map<number, Placed>();
  return (messages, onUnreadable) => messages.flatMap((message): readonly Placed[] => {
    const place = Number(message.offset) * mostPartitions + message.partition;
    const known = held.get(place);
    if (known !== undefined) { held.delete(place); return [known]; }
    try {
      const placed = readAction(message, own);
      if (held.size >= mostHeld) held.delete(held.keys().next().value!);
      held.set(place, placed);
      return [placed];
    } catch (error) {
      onUnreadable(message, error as Error);
      return [];
    }
  });
};
