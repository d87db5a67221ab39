import { PoisonMessage } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { validateGovernedRecord } from '@countersign/contracts';
import type { GovernedRecord } from '@countersign/contracts';

/** What a newer policy writes and this reader does not know yet is no fault. */
const newer: ReadonlySet<string> = new Set(['additionalProperties', 'discriminator']);

/**
 * One record of runs.governed.v1. The broker lets policy alone write there; what is no such record all the same is poison, so that it is put aside
 * instead of failing in a handler for ever, with everything after it.
 */
export const readGoverned = (message: BusMessage): GovernedRecord => {
  let value: unknown;
  try {
    value = JSON.parse(message.value?.toString() ?? '');
  } catch (error) {
    throw new PoisonMessage(message, 'malformed_json', (error as Error).message);
  }
  if (typeof (value as { kind?: unknown } | null)?.kind !== 'string') throw new PoisonMessage(message, 'invalid_schema', 'a governed record names its kind');
  if (!validateGovernedRecord(value)) {
    const [fault] = validateGovernedRecord.errors ?? [];
    if (fault === undefined || !newer.has(fault.keyword)) throw new PoisonMessage(message, 'invalid_schema', `${fault?.instancePath ?? ''} ${fault?.message ?? 'is no governed record'}`.trim());
  }
  return value as GovernedRecord;
};
