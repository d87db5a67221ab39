import { PoisonMessage } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import type { GovernedRecord } from '@countersign/contracts';

/** One verified record of runs.governed.v1. Policy alone may write there, so its shape is trusted; bytes that are no record are poison. */
export const readGoverned = (message: BusMessage): GovernedRecord => {
  let value: unknown;
  try {
    value = JSON.parse(message.value?.toString() ?? '');
  } catch (error) {
    throw new PoisonMessage(message, 'malformed_json', (error as Error).message);
  }
  if (typeof (value as { kind?: unknown } | null)?.kind !== 'string') throw new PoisonMessage(message, 'invalid_schema', 'a governed record names its kind');
  return value as GovernedRecord;
};
