import { isMembers, label, texts, timeOf } from './found.ts';
import type { Found } from './found.ts';

/** Keycloak's clients, as a realm export or `kcadm get clients` gives them (ClientRepresentation). */
export const fromKeycloak = (one: Readonly<Record<string, unknown>>, place: string): Found => {
  const attributes = isMembers(one['attributes']) ? one['attributes'] : {};
  const created = Number(attributes['client.secret.creation.time']) * 1_000;
  const expires = Number(attributes['client.secret.expiration.time']) * 1_000;
  const secret = one['publicClient'] !== true && one['bearerOnly'] !== true && !['client-jwt', 'client-x509'].includes(label(one['clientAuthenticatorType'], 64));
  const certificate = label(attributes['jwt.credential.certificate'], 8_000);
  return {
    source: 'keycloak', place,
    row: { externalId: label(one['clientId'] ?? one['id'], 256), name: label(one['name']) || label(one['clientId']), ...(label(one['description'], 2_000) !== '' && { purpose: label(one['description'], 2_000) }) },
    credentials: [
      ...(secret ? [{ kind: 'secret' as const, fingerprint: undefined, label: 'the client secret', startsAt: created > 0 ? created : undefined, endsAt: expires > 0 ? expires : null }] : []),
      ...(certificate !== '' ? [{ kind: 'key' as const, fingerprint: `certificate:${certificate}`, label: 'the client certificate', startsAt: timeOf(attributes['jwt.credential.created']), endsAt: undefined }] : []),
    ],
    scopes: [...new Set([...texts(one['defaultClientScopes']), ...texts(one['optionalClientScopes']), ...(one['fullScopeAllowed'] === true ? ['fullScopeAllowed'] : [])])],
    lastUsedAt: undefined,
    humanBecause: one['directAccessGrantsEnabled'] === true ? 'it may sign in with a person\'s password (directAccessGrantsEnabled)' : undefined,
  };
};
