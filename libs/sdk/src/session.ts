import type { Handoff } from '@countersign/contracts';
import { fromBase64Url, generateKey, jwkThumbprint, peekJws } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { RuntimeContext } from './context.ts';
import { RunFailed } from './errors.ts';
import { post } from './http.ts';

/** A run's standing with the registry: session key, proof key and the token in use. */
export interface Session {
  readonly run: string;
  readonly key: SigningKey;
  readonly jkt: string;
  readonly proofKey: Buffer;
  /** Epoch ms after which the run refuses everything. */
  readonly notAfter: number;
  readonly token: () => { readonly text: string; readonly jti: string; readonly expiresAt: number };
  /** Gets a new token now. */
  readonly renew: () => Promise<void>;
  /** Makes sure that the token outlives the next moments; renews ahead of expiry, in the background while the old one still holds. Undefined = nothing to wait for. */
  readonly fresh: () => Promise<void> | undefined;
  /** Uses the token of an answer from now on; a renewal under way ends first and does not take its place. Throws RunFailed. */
  readonly replace: (answer: () => Promise<Readonly<Record<string, unknown>>>) => Promise<void>;
}

export interface Token { readonly text: string; readonly jti: string; readonly expiresAt: number; readonly renewAt: number }

/** Opens a run (OAuth 2.0 client credentials with private_key_jwt). Throws RunFailed. */
export const openSession = (context: RuntimeContext, purpose: string | undefined): Promise<Session> => sessionBy(context, { grant_type: 'client_credentials', ...(purpose !== undefined && { purpose }) });

/** Takes a delegation up (RFC 8693 token exchange): the session of the child run. Throws RunFailed. */
export const exchangeSession = (context: RuntimeContext, handoff: Handoff): Promise<Session> => sessionBy(context, {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: handoff.subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  grant: handoff.grant, session_proof: handoff.session_proof, delegation: JSON.stringify(handoff.arguments), ...(handoff.claim !== null && { claim: handoff.claim }),
});

const sessionBy = async (context: RuntimeContext, grant: Readonly<Record<string, string>>): Promise<Session> => {
  const key = generateKey('session');
  const opened = await request(context, key, { ...grant, ...(context.via !== undefined && { via: context.via }) });
  const proofKey = typeof opened.body['proof_key'] === 'string' ? fromBase64Url(opened.body['proof_key'], 32) : undefined;
  const run = opened.body['run'];
  if (proofKey === undefined || typeof run !== 'string' || run === '') throw new RunFailed('bad_answer', 'the registry answered without run or proof_key');
  let token = opened.token;
  let renewing: Promise<void> | undefined;

  const renew = (): Promise<void> => (renewing ??= request(context, key, { grant_type: 'client_credentials', run, ...(context.via !== undefined && { via: context.via }) })
    .then((renewed) => { token = renewed.token; })
    .finally(() => { renewing = undefined; }));

  return {
    run, key, jkt: jwkThumbprint(key.publicJwk), proofKey, notAfter: notAfterOf(opened.body['not_after']),
    token: () => token,
    renew,
    replace: async (answer) => {
      await renewing?.catch(() => undefined);
      const replacing = answer().then((body) => { token = tokenOf(body, context.now()); });
      await (renewing = replacing.finally(() => { renewing = undefined; }));
    },
    fresh: () => {
      const now = context.now();
      if (now < token.renewAt) return undefined;
      const renewal = renew();
      if (now >= token.expiresAt - 2_000) return renewal;
      renewal.catch(() => undefined); // tried again with the next message; it counts once the token is really over
      return undefined;
    },
  };
};

const request = async (context: RuntimeContext, key: SigningKey, extra: Readonly<Record<string, string>>): Promise<{ readonly body: Readonly<Record<string, unknown>>; readonly token: Token }> => {
  let last: RunFailed | undefined;
  for (let attempt = 1; ; attempt++) {
    const now = context.now();
    const assertion = context.assertion();
    if (assertion === undefined) throw last ?? new RunFailed('token_expired', 'a new client assertion is needed to renew the token', { retryable: true });
    const { kty, crv, x } = key.publicJwk;
    const body = new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion,
      session_key: JSON.stringify({ kty, crv, x, kid: key.kid }), ...extra,
    });
    const answer = await post({ url: `${context.registryUrl}/oauth2/token`, body: body.toString(), contentType: 'application/x-www-form-urlencoded', timeoutMs: 5_000, fetch: context.fetch });
    if (answer.ok) return { body: answer.body, token: tokenOf(answer.body, now) };
    last = new RunFailed(answer.code, answer.detail, { retryable: answer.retryable });
    if (!answer.retryable || attempt === 4) throw last;
    await context.deadlines.delay(100 * 2 ** attempt);
  }
};

/** A token out of an OAuth answer, with when it is to be renewed. Throws RunFailed. */
export const tokenOf = (body: Readonly<Record<string, unknown>>, now: number): Token => {
  const text = body['access_token'], life = body['expires_in'];
  const jti = typeof text === 'string' ? peekJws(text)?.['jti'] : undefined;
  if (typeof text !== 'string' || typeof jti !== 'string' || typeof life !== 'number' || !(life > 0)) throw new RunFailed('bad_answer', 'the registry answered without a usable token');
  return { text, jti, expiresAt: now + life * 1_000, renewAt: now + life * 750 };
};

/** RFC 3339, epoch seconds or epoch ms: what is not there does not limit (policy does). */
const notAfterOf = (value: unknown): number => {
  if (typeof value === 'number') return value < 1e11 ? value * 1_000 : value;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
};
