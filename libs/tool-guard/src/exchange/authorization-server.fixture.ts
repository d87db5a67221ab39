import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyGrant } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import Provider, { errors } from 'oidc-provider';
import type { GrantContext } from 'oidc-provider';
import { grantTokenType } from './exchange.ts';

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** Which scopes a grant for a tool is good for at the CRM. */
const scopesOf: Readonly<Record<string, readonly string[]>> = { 'crm.read': ['contacts:read'], 'crm.write': ['contacts:read', 'contacts:write'] };

export interface Rest { readonly url: string; readonly close: () => Promise<void> }

export const listen = (server: Server): Promise<Rest> => new Promise((resolve, reject) => {
  server.once('error', reject).listen(0, '127.0.0.1', () => resolve({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => { server.close(() => closed()); server.closeAllConnections(); }),
  }));
});

/**
 * A certified OAuth server (oidc-provider) with a token-exchange grant: the client authenticates by private_key_jwt, the subject token is a
 * Countersign grant that it verifies itself, and what it issues is a JWT for one resource with the scope of one operation.
 */
export const startAuthorizationServer = async (options: { readonly broker: SigningKey; readonly policy: KeySet; readonly audience: string; readonly resource: string; readonly now: () => number; readonly change?: (body: Record<string, unknown>) => void }): Promise<Rest & { readonly exchanged: () => number }> => {
  const { kty, crv, x, kid } = options.broker.publicJwk;
  // Jest gives tests a realm of their own, and what its structuredClone returns is of another: oidc-provider takes that for no plain objects.
  globalThis.structuredClone = (<T>(value: T): T => JSON.parse(JSON.stringify(value)) as T) as typeof structuredClone;
  const front = createServer();
  const rest = await listen(front);
  let exchanged = 0;
  const resourceServer = (scope: string) => ({ scope, audience: options.resource, accessTokenTTL: 60, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } });
  const provider = new Provider(rest.url, {
    clients: [{ client_id: 'crm-broker', token_endpoint_auth_method: 'private_key_jwt', id_token_signed_response_alg: 'ES256', grant_types: [tokenExchange], response_types: [], redirect_uris: [], jwks: { keys: [{ kty, crv, x, kid }] } }],
    clientAuthMethods: ['private_key_jwt'],
    scopes: ['contacts:read', 'contacts:write'],
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_: unknown, resource: string) => { if (resource !== options.resource) throw new errors.InvalidTarget(); return resourceServer('contacts:read contacts:write'); } },
    },
    jwks: { keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: 'as-1', use: 'sig', alg: 'ES256' }] },
  });
  const exchange = async (ctx: GrantContext): Promise<void> => {
    const { params, client } = ctx.oidc;
    const grant = params['subject_token_type'] === grantTokenType ? verifyGrant(params['subject_token'] ?? '', options.policy, { now: options.now(), audience: options.audience }) : undefined;
    if (grant?.ok !== true) throw new errors.InvalidGrant('the subject token is no valid grant');
    if (params['resource'] !== options.resource) throw new errors.InvalidTarget();
    const scope = params['scope'] ?? '';
    if (scope.split(' ').some((one) => !(scopesOf[grant.claims.tool] ?? []).includes(one))) throw new errors.InvalidScope('the grant is not good for this scope', scope);
    const token = new provider.ClientCredentials({ client, scope });
    token.resourceServer = new provider.ResourceServer(options.resource, resourceServer(scope));
    exchanged += 1;
    ctx.body = { access_token: await token.save(), issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'Bearer', expires_in: token.expiration, scope: token.scope };
    options.change?.(ctx.body);
  };
  provider.registerGrantType(tokenExchange, exchange, ['subject_token', 'subject_token_type', 'requested_token_type', 'resource', 'scope'], []);
  front.on('request', provider.callback());
  return { ...rest, exchanged: () => exchanged };
};
