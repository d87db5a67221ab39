import { partitionFor } from '@countersign/bus';
import type { BusMessage, Outgoing } from '@countersign/bus';
import { signers, validateDisposition, validateObservation } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { readGoverned } from '@countersign/service-host';
import { hash } from 'node:crypto';
import { toObservation } from '../app/rekey.ts';
import type { Rekeying } from '../app/rekey.ts';
import type { Placed } from '../app/score.ts';
import { observationMessage } from '../outbound/publish.ts';
import type { Seal } from '../outbound/seal.ts';

const digest = (text: string): string => hash('sha256', text, 'base64url');

/** A governed batch as observations, each for the partition of its agent. What cannot be read is told and left out: audit has its bytes. */
export const rekey = (messages: readonly BusMessage[], partitions: number, registered: Rekeying['registered'], seal: Seal, onUnreadable: (message: BusMessage, error: Error) => void): readonly Outgoing[] =>
  messages.flatMap((message) => {
    try {
      const seen = toObservation(readGoverned(message), { digest, registered });
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

/** Our own observations back from the bus, and analysts' words, which anomaly signed after it had verified them. Bytes that are neither are left out, the same ones at every replay. */
export const readActions = (messages: readonly BusMessage[], { keys, seal }: OwnWords, onUnreadable: (message: BusMessage, error: Error) => void): readonly Placed[] =>
  messages.flatMap((message): readonly Placed[] => {
    try {
      const isDisposition = message.headers['ce_type'] === 'countersign.anomaly.disposition.v1';
      if (!isDisposition && !seal.holds(message)) throw new TypeError('not an observation that anomaly sealed');
      const value: unknown = JSON.parse(message.value?.toString() ?? '');
      if (isDisposition) {
        if (!validateDisposition(value) || value.agent !== message.key || !verifyServiceMessage(message, keys, signers).ok) throw new TypeError('not a disposition that anomaly signed');
        return [{ offset: message.offset, entry: { kind: 'disposition', ...value } }];
      }
      if (!validateObservation(value) || value.agent !== message.key) throw new TypeError('not an observation under its agent');
      return [{ offset: message.offset, entry: { ...value, now: notAhead(value.now, message) } }];
    } catch (error) {
      onUnreadable(message, error as Error);
      return [];
    }
  });
