/** Why a call was not let through. `status` is the HTTP status that fits; retryable = the same call may pass later. */
export interface GuardRefusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
  readonly status: 401 | 403 | 409 | 502 | 503;
  readonly retryable: boolean;
}

const statusOf: Readonly<Record<string, GuardRefusal['status']>> = {
  wrong_audience: 403, wrong_tool: 403, wrong_definition: 403, wrong_arguments: 403, wrong_session: 403, wrong_signer: 403, observed_grant: 403, claim_mismatch: 403,
  grant_used: 409, halted: 409, halts_stale: 503, revocations_stale: 503, downstream_unavailable: 503, downstream_refused: 403, downstream_target_refused: 403, downstream_misconfigured: 502, credential_in_result: 502, hot_state_unavailable: 503,
};

/** Codes without an entry of their own are about who is asking: 401. */
export const guardRefusal = (code: string, detail: string): GuardRefusal => {
  const status = statusOf[code] ?? 401;
  return { ok: false, code, detail, status, retryable: (status === 503 && code !== 'downstream_unavailable') || code === 'halted' };
};

/** The refusal as application/problem+json (RFC 9457). */
export const problemOf = (refusal: GuardRefusal): object => ({
  type: `urn:countersign:error:${refusal.code}`, title: 'The tool was not called', status: refusal.status, code: refusal.code, detail: refusal.detail, retryable: refusal.retryable,
});
