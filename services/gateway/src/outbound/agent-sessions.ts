import { createClientAssertion, fromBase64Url, generateKey, jwkThumbprint } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { createAgentRuntime, RunFailed, tokenOf } from '@countersign/sdk';
import type { RuntimeTransport, Session } from '@countersign/sdk';
import type { KeySet } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import { randomBytes } from 'node:crypto';
import type { AgentSession, OpenAgentSession } from '../app/ports.ts';
import { postJson } from './post-json.ts';

export interface AgentSessionsOptions {
  readonly tenant: string;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  readonly grantKeys: KeySet;
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly transport: RuntimeTransport;
  /** Life of the runs, seconds: how long people may take over an evaluation. */
  readonly runLifeS: number;
}

type Token = ReturnType<Session['token']> & { readonly renewAt: number };

/**
 * What a caller's assertion opens: one token call with the agent's own key, then as many runs as are needed on the word of that session's key,
 * many at a time. The runs share the session key; each has its own token, proof key and chain.
 */
export const createAgentSessions = (options: AgentSessionsOptions): OpenAgentSession => {
  const { now, registryUrl, fetch } = options;
  const ids = (): string => uuidV7From(now(), randomBytes(10));

  return async ({ agent, assertion }) => {
    const key = generateKey('session');
    const { kty, crv, x } = key.publicJwk;
    const sessionKey = JSON.stringify({ kty, crv, x, kid: key.kid });
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion, session_key: sessionKey, via: 'gateway', purpose: 'AuthZEN session at the gateway' });
    const opened = await postJson({ url: `${registryUrl}/oauth2/token`, body: form.toString(), contentType: 'application/x-www-form-urlencoded', fetch });
    const token = tokenOf(opened, now());
    const runtime = createAgentRuntime({ agent, tenant: options.tenant, registryUrl, supervisionUrl: options.supervisionUrl, grantKeys: options.grantKeys, now, fetch, transport: options.transport, clientAssertion: () => undefined, via: 'gateway' });
    await options.transport.start();
    return sessionOf({ agent, key, sessionKey, token, runtime });
  };

  function sessionOf({ agent, key, sessionKey, token, runtime }: { agent: string; key: SigningKey; sessionKey: string; token: Token; runtime: ReturnType<typeof createAgentRuntime> }): AgentSession {
    const jkt = jwkThumbprint(key.publicJwk);
    const ask = (subject: { readonly key: SigningKey; readonly token: string }, of: string, extra: object) => postJson({
      url: `${registryUrl}/oauth2/runs`, contentType: 'application/json', fetch,
      body: JSON.stringify({ subject_token: subject.token, client_assertion: createClientAssertion({ client: agent, audience: `${registryUrl}/oauth2/runs`, jti: ids(), now: now() }, subject.key), session_key: of, ...extra }),
    });
    const standing = { key, token: token.text };

    const runOf = (given: Record<string, unknown>, shared: Record<string, unknown>, live: () => AgentSession): Session => {
      const proofKey = typeof given['proof_key'] === 'string' ? fromBase64Url(given['proof_key'], 32) : undefined;
      const run = given['run'];
      if (proofKey === undefined || typeof run !== 'string') throw new RunFailed('bad_answer', 'the registry answered without run or proof_key');
      let current: Token = tokenOf({ ...shared, ...given }, now());
      let renewing: Promise<void> | undefined;
      const renew = (): Promise<void> => (renewing ??= live().renewal(run, sessionKey).then((body) => { current = tokenOf(body, now()); }).finally(() => { renewing = undefined; }));
      return {
        run, key, jkt, proofKey, notAfter: Number(shared['not_after']) * 1_000, token: () => current, renew,
        replace: async (answer) => { await renewing?.catch(() => undefined); current = tokenOf(await answer(), now()); },
        // Only as late as it must be: most of these runs are over within a second.
        fresh: () => (now() < current.expiresAt - 5_000 ? undefined : renew()),
      };
    };

    return {
      agent, expiresAt: token.expiresAt, begin: (session, instruction) => runtime.begin(session, { text: instruction, attestation: null }),
      mint: async (count, live) => {
        const body = await ask(standing, sessionKey, { count, life_s: options.runLifeS });
        return (body['runs'] as Record<string, unknown>[]).map((one) => runOf(one, body, live));
      },
      renewal: async (run, of) => {
        const body = await ask(standing, of, { run });
        return { ...body, ...(body['runs'] as Record<string, unknown>[])[0] };
      },
    };
  }
};
