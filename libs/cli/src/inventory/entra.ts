import { isMembers, label, list, personIdOf, texts, timeOf } from './found.ts';
import type { Credential, Found } from './found.ts';

/**
 * Microsoft Graph (v1.0) `applications` and `servicePrincipals`, as `GET /applications?$expand=owners` or `az ad app list` gives them: passwordCredentials,
 * keyCredentials (customKeyIdentifier is the certificate's thumbprint), requiredResourceAccess, and what a script joined to them
 * (oauth2PermissionGrants, appRoleAssignments, signInActivity of the servicePrincipalSignInActivity report).
 */
export const fromEntra = (one: Readonly<Record<string, unknown>>, place: string): Found => {
  const owner = list(one['owners']).find(({ userPrincipalName }) => typeof userPrincipalName === 'string')?.['userPrincipalName'];
  const signIn = 'signInActivity' in one ? one['signInActivity'] : one['lastSignInActivity'];
  return {
    source: 'entra', place,
    row: {
      externalId: label(one['appId'] ?? one['id'], 256), name: label(one['displayName']), ...(typeof owner === 'string' && { owner: personIdOf(owner) }),
      ...(label(one['notes'] ?? one['description'], 2_000) !== '' && { purpose: label(one['notes'] ?? one['description'], 2_000) }),
    },
    credentials: [...list(one['passwordCredentials']).map((given) => credential(given, 'secret')), ...list(one['keyCredentials']).map((given) => credential(given, 'key'))],
    scopes: scopesOf(one),
    lastUsedAt: signIn === undefined ? undefined : isMembers(signIn) ? timeOf(signIn['lastSignInDateTime'] ?? signIn['lastNonInteractiveSignInDateTime']) ?? null : null,
    humanBecause: one['isFallbackPublicClient'] === true ? 'it is a public client that may sign in with a person\'s password (isFallbackPublicClient)' : undefined,
  };
};

const credential = (given: Readonly<Record<string, unknown>>, kind: Credential['kind']): Credential => {
  const thumbprint = label(given['customKeyIdentifier'] ?? given['keyId'], 200);
  const end = given['endDateTime'];
  return {
    kind, fingerprint: thumbprint === '' ? undefined : `entra:${thumbprint}`, label: label(given['displayName'] ?? given['hint'] ?? given['keyId'], 100) || (kind === 'secret' ? 'a secret' : 'a certificate'),
    startsAt: timeOf(given['startDateTime']), endsAt: end === null || end === undefined ? null : timeOf(end),
  };
};

/** Application permissions of Microsoft Graph by their fixed ids; requiredResourceAccess names no others. */
const roles: Readonly<Record<string, string>> = {
  '19dbc75e-c2e2-444c-a770-ec69d8559fc7': 'Directory.ReadWrite.All', '1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9': 'Application.ReadWrite.All', '9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8': 'RoleManagement.ReadWrite.Directory',
  '06b708a9-e830-4db3-a914-8e69da51d44f': 'AppRoleAssignment.ReadWrite.All', 'a82116e5-55eb-4c41-a434-62fe8a61c773': 'Sites.FullControl.All', '741f803b-c850-494e-b5df-cde7c675a1ca': 'User.ReadWrite.All',
  '75359482-378d-4052-8f01-80520e7db3cd': 'Files.ReadWrite.All', 'b633e1c5-b582-4048-a93e-9f11b44c7e96': 'Mail.Send', 'e2a3a72e-5f79-4c64-b1b1-878b674786c9': 'Mail.ReadWrite', '810c84a8-4a9e-49e6-bf7d-12d183f40d01': 'Mail.Read',
  '7ab1d382-f21e-4acd-a863-ba3e13f7da61': 'Directory.Read.All', 'df021288-bdef-4463-88db-98f22de89214': 'User.Read.All',
};
const nameOf = (id: unknown): string => (typeof id === 'string' ? roles[id.toLowerCase()] ?? label(id, 200) : '');

const scopesOf = (one: Readonly<Record<string, unknown>>): readonly string[] => [...new Set([
  ...list(one['requiredResourceAccess']).flatMap(({ resourceAccess }) => list(resourceAccess).map(({ id }) => nameOf(id))),
  ...list(one['appRoleAssignments']).map(({ appRoleId }) => nameOf(appRoleId)),
  ...list(one['oauth2PermissionGrants']).flatMap(({ scope }) => label(scope, 4_000).split(/\s+/)),
  ...texts(one['scopes']),
].filter((scope) => scope !== ''))];
