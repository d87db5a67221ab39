import { isMembers, label, list, texts, timeOf } from './found.ts';
import type { Credential, Found } from './found.ts';

/**
 * Okta's `GET /api/v1/apps`: of an OIDC app settings.oauthClient (application_type, grant_types, jwks) and credentials.oauthClient
 * (client_id, token_endpoint_auth_method); `secrets` and `grants` as `/apps/{id}/credentials/secrets` and `/apps/{id}/grants` give them, if a script joined them.
 */
export const fromOkta = (one: Readonly<Record<string, unknown>>, place: string): Found => {
  const settings = member(member(one['settings'])['oauthClient']), client = member(member(one['credentials'])['oauthClient']);
  const grantTypes = texts(settings['grant_types']);
  const method = label(client['token_endpoint_auth_method'], 64);
  return {
    source: 'okta', place,
    row: { externalId: label(one['id'] ?? client['client_id'], 256), name: label(one['label'] ?? one['name']) },
    credentials: [...secretsOf(one, method), ...keysOf(settings)],
    scopes: [...new Set([...list(one['grants']).map(({ scopeId }) => label(scopeId)), ...texts(settings['scopes']), ...(grantTypes.includes('refresh_token') ? ['offline_access'] : [])].filter((scope) => scope !== ''))],
    lastUsedAt: one['lastUsed'] === undefined ? undefined : timeOf(one['lastUsed']) ?? null,
    humanBecause: grantTypes.includes('password') ? 'it signs in with a person\'s password (grant type password)' : undefined,
  };
};

const member = (value: unknown): Readonly<Record<string, unknown>> => (isMembers(value) ? value : {});

/** Okta's secrets have no end. */
const secretsOf = (one: Readonly<Record<string, unknown>>, method: string): readonly Credential[] => {
  const listed = list(one['secrets']).filter(({ status }) => status !== 'INACTIVE');
  if (listed.length > 0) return listed.map((given) => ({ kind: 'secret', fingerprint: hash(given['secret_hash']), label: label(given['id'], 100) || 'a client secret', startsAt: timeOf(given['created']), endsAt: null }));
  return method.startsWith('client_secret') ? [{ kind: 'secret', fingerprint: undefined, label: `a client secret (${method})`, startsAt: timeOf(one['created']), endsAt: null }] : [];
};
const hash = (value: unknown): string | undefined => (typeof value === 'string' ? `okta:${label(value, 200)}` : undefined);

/** The modulus or point is what two uses of one key pair have in common, whatever they call it. */
const keysOf = (settings: Readonly<Record<string, unknown>>): readonly Credential[] => list(member(settings['jwks'])['keys']).filter(({ status }) => status !== 'INACTIVE').map((jwk) => {
  const material = label(jwk['n'] ?? jwk['x'] ?? jwk['kid'], 2_000);
  return { kind: 'key', fingerprint: material === '' ? undefined : `jwk:${material}`, label: `key ${label(jwk['kid'], 100)}`, startsAt: timeOf(jwk['created']), endsAt: undefined };
});
