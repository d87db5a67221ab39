import type { BusMessage } from '@countersign/bus';
import { validateServiceEvent } from '@countersign/contracts';
import type { ServiceEvent } from '@countersign/contracts';
import { parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';

const signers = { 'countersign.approvals.event.v1': ['approvals'] };

/** What approvals say happened, under their signature. Throws TypeError where it is nothing of theirs. */
export const readApprovalEvent = (message: BusMessage, keys: KeySet): ServiceEvent => {
  if (!verifyServiceMessage(message, keys, signers).ok) throw new TypeError('approvals did not sign this');
  const parsed = message.value === null ? undefined : parseStrictJson(message.value, { maxBytes: 524_288 });
  if (parsed?.ok !== true || !validateServiceEvent(parsed.value)) throw new TypeError('it is no event of a service');
  return parsed.value;
};
