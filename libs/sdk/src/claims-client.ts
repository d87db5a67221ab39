import type { GrantClaims } from '@countersign/contracts';
import type { RuntimeContext } from './context.ts';
import { post } from './http.ts';

export type ClaimAnswer = { readonly ok: true; readonly claim: string } | { readonly ok: false; readonly code: string; readonly detail: string };

/** Asks supervision to confirm that nothing stopped the action; tries again what is worth it, as long as the grant lives. */
export const getClaim = async (context: RuntimeContext, grant: string, claims: GrantClaims, token: string, fence: number | undefined): Promise<ClaimAnswer> => {
  for (let wait = 50; ; wait = Math.min(wait * 2, 500)) {
    const left = claims.exp * 1_000 - context.now();
    if (left <= 0) return { ok: false, code: 'expired', detail: 'the grant expired before supervision confirmed it' };
    const answer = await post({ url: `${context.supervisionUrl}/claims`, body: JSON.stringify({ grant, ...(fence !== undefined && { fence }) }), contentType: 'application/json', headers: { authorization: `Bearer ${token}` }, timeoutMs: Math.min(left, 3_000), fetch: context.fetch });
    if (answer.ok) return typeof answer.body['claim'] === 'string' ? { ok: true, claim: answer.body['claim'] } : { ok: false, code: 'bad_answer', detail: 'supervision answered without a claim' };
    if (!answer.retryable) return { ok: false, code: answer.code, detail: answer.detail };
    if (context.now() + wait >= claims.exp * 1_000) return { ok: false, code: answer.code, detail: answer.detail };
    await context.deadlines.delay(wait);
  }
};
