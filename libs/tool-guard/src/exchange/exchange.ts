import { webcrypto } from 'node:crypto';
import type { SigningKey } from '@countersign/identity';
import * as oauth from 'oauth4webapi';
import { boundedFetch } from './bounded-fetch.ts';

/** RFC 8693 names for what goes in and what comes out. */
const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
/** The subject token is a grant: the authorization server verifies it with policy's published keys (`verifyGrant`). */
export const grantTokenType = 'urn:countersign:params:oauth:token-type:grant';

/** What one operation needs downstream, and nothing beyond. */
export interface Downstream {
  /** RFC 8707: where the credential is to be used. */
  readonly resource: string;
  /** Scopes of this one operation, separated by spaces. */
  readonly scope: string;
}

/** A downstream credential. It never reaches the agent. `expiresInS`: seconds. */
export interface Credential { readonly accessToken: string; readonly scope: string; readonly expiresInS: number }

/** Why there is none; codes of contracts/errors.yaml. */
export interface ExchangeRefusal { readonly ok: false; readonly code: 'downstream_refused' | 'downstream_target_refused' | 'downstream_misconfigured' | 'downstream_unavailable'; readonly detail: string }

export interface ExchangeOptions {
  /** Issuer of the authorization server (RFC 8414), from configuration: requests go to its origin and nowhere else. */
  readonly issuer: string;
  /** How this broker is known there; authenticates by private_key_jwt (RFC 7523). */
  readonly client: { readonly id: string; readonly key: SigningKey };
  /** Longest life of a credential that is accepted, seconds. Default 300. */
  readonly maxLifeS?: number;
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Largest answer, bytes. Default 65,536. */
  readonly maxBytes?: number;
  /** Plain HTTP: for tests and loopback. */
  readonly allowHttp?: boolean;
  readonly fetch?: typeof fetch;
}

export interface Exchange {
  /** Trades a verified grant for a credential of one operation. Never throws for what the server answers. */
  (grant: string, downstream: Downstream): Promise<{ readonly ok: true; readonly credential: Credential } | ExchangeRefusal>;
}

const words = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');
const refuse = (code: ExchangeRefusal['code'], detail: string): ExchangeRefusal => ({ ok: false, code, detail: detail.slice(0, 500) });

/**
 * OAuth 2.0 token exchange (RFC 8693) at one authorization server: subject_token is the grant, `resource` and `scope` are those of one
 * operation. A server that answers more scope, a longer life or another kind of token than was asked for is refused.
 */
export const createExchange = (options: ExchangeOptions): Exchange => {
  const issuer = new URL(options.issuer);
  const http = { [oauth.customFetch]: boundedFetch(issuer.origin, { timeoutMs: options.timeoutMs ?? 5_000, maxBytes: options.maxBytes ?? 65_536, ...(options.fetch && { get: options.fetch }) }) as never, [oauth.allowInsecureRequests]: options.allowHttp === true };
  const client = { client_id: options.client.id };
  const maxLifeS = options.maxLifeS ?? 300;

  const authenticate = (async () => oauth.PrivateKeyJwt({ key: await webcrypto.subtle.importKey('jwk', { ...options.client.key.privateJwk, key_ops: ['sign'] }, 'Ed25519', false, ['sign']), kid: options.client.key.kid }))();
  authenticate.catch(() => undefined);
  let known: Promise<oauth.AuthorizationServer> | undefined;
  const discover = (): Promise<oauth.AuthorizationServer> => {
    known ??= (async () => {
      const found = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...http }));
      if (found.token_endpoint === undefined || new URL(found.token_endpoint).origin !== issuer.origin) throw new Error('its token endpoint is elsewhere');
      return found;
    })();
    // A server that was away is asked again.
    known.catch(() => { known = undefined; });
    return known;
  };

  return async (grant, downstream) => {
    let answer: oauth.TokenEndpointResponse;
    try {
      const server = await discover();
      const parameters = { subject_token: grant, subject_token_type: grantTokenType, requested_token_type: accessTokenType, resource: downstream.resource, scope: downstream.scope };
      answer = await oauth.processGenericTokenEndpointResponse(server, client, await oauth.genericTokenEndpointRequest(server, client, await authenticate, grantType, parameters, http));
    } catch (error) {
      return refusalOf(error);
    }
    const { access_token: accessToken, token_type: type, expires_in: expiresInS, scope = downstream.scope } = answer;
    if (type !== 'bearer') return refuse('downstream_misconfigured', `the authorization server issued a token of type ${type}`);
    if (answer['issued_token_type'] !== accessTokenType) return refuse('downstream_misconfigured', 'the authorization server did not say that it issued an access token (issued_token_type)');
    if (expiresInS === undefined || expiresInS > maxLifeS) return refuse('downstream_misconfigured', `a credential lives at most ${maxLifeS} s, this one ${expiresInS ?? 'without end'}`);
    const wider = words(scope).filter((word) => !words(downstream.scope).includes(word));
    if (wider.length > 0) return refuse('downstream_misconfigured', `the authorization server issued more than was asked for: ${wider.join(' ')}`);
    return { ok: true, credential: { accessToken, scope, expiresInS } };
  };
};

/** The server's own words stay on this side: a detail names its error code alone. */
const refusalOf = (error: unknown): ExchangeRefusal => {
  if (error instanceof oauth.ResponseBodyError) {
    const { error: code, status } = error;
    if (code === 'invalid_target' || code === 'invalid_scope') return refuse('downstream_target_refused', `the authorization server answered ${code}`);
    if (code === 'invalid_client' || code === 'unauthorized_client' || code === 'unsupported_grant_type') return refuse('downstream_misconfigured', `the authorization server answered ${code}: look at how this broker is registered there`);
    if (status >= 500 || code === 'temporarily_unavailable' || code === 'slow_down') return refuse('downstream_unavailable', `the authorization server answered ${code}`);
    return refuse('downstream_refused', `the authorization server answered ${code}`);
  }
  // 401 with a challenge: the broker is not who it should be there.
  if (error instanceof oauth.WWWAuthenticateChallengeError) return refuse('downstream_misconfigured', 'the authorization server did not accept this broker');
  return refuse('downstream_unavailable', `the authorization server gave no usable answer (${error instanceof Error ? error.name : 'error'})`);
};
