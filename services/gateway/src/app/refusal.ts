import { errors } from '@countersign/contracts';
import type { ActionDenied, RunFailed } from '@countersign/sdk';
import { CodedError } from '@countersign/service-host';

/** Codes of OAuth (RFC 6749 section 5.2) and of the SDK that callers know by another name. */
const known: Readonly<Record<string, string>> = {
  invalid_client: 'client_assertion_invalid', invalid_grant: 'client_assertion_invalid', unauthorized_client: 'agent_not_active', temporarily_unavailable: 'unreachable',
  transport_lost: 'bus_unavailable', start_failed: 'bus_unavailable', bad_answer: 'unreachable', run_ended: 'run_closed',
};

/** Why a run cannot go on, or an action not be claimed, in the codes of errors.yaml. */
export const refusalOf = (error: RunFailed | ActionDenied): CodedError => {
  const code = known[error.code] ?? error.code;
  return new CodedError(Object.hasOwn(errors, code) ? code : 'unreachable', error.message, { cause: error });
};
