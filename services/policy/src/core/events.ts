/**
 * Policy's events are the records of runs.governed themselves: the contract record *is* the event, because that topic is
 * policy's event store (DESIGN 7) and a second shape of the same thing would have to be kept equal to it for ever.
 * This is the one place where the two meet.
 */
export type { GovernedRecord as PolicyEvent } from '@countersign/contracts';

import type { GovernedRecord } from '@countersign/contracts';

/** Fields every record has. */
export type RecordBase = Pick<GovernedRecord, 'position' | 'tenant' | 'run' | 'agent' | 'inbox' | 'now' | 'seq' | 'traceparent'>;
