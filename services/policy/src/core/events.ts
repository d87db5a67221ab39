/**
 * Policy's events are the records of runs.governed themselves: the contract record *is* the event, because that topic is
 * policy's event store (DESIGN 7) and a second shape of the same thing would have to be kept equal to it for ever.
 * This is the one place where the two meet.
 */
export type { GovernedRecord as PolicyEvent } from '@countersign/contracts';

import type { GovernedRecord } from '@countersign/contracts';

/** Fields every record has. */
export type RecordBase = Pick<GovernedRecord, 'position' | 'tenant' | 'run' | 'agent' | 'inbox' | 'now' | 'seq' | 'traceparent'>;

/** Codes under which a proved message leaves its seq unconsumed: it does not stand in the chain at all. */
const outOfChain: ReadonlySet<string> = new Set(['seq_gap', 'seq_reused', 'chain_broken', 'wrong_session', 'token_wrong_run', 'run_unknown', 'wrong_partition']);

/** Whether a message refused with this code still takes its place in the chain. */
export const consumesSeq = (code: string): boolean => !outOfChain.has(code);
