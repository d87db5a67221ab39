import { label, list, personIdOf, texts, timeOf } from './found.ts';
import type { Credential, Found } from './found.ts';

/** Keys without an end carry this date, the last that a certificate can name. */
const noEnd = Date.parse('9999-12-31T00:00:00Z');
const keyName = /^projects\/[^/]+\/serviceAccounts\/([^/]+)\/keys\/([^/]+)$/;

/**
 * Google Cloud: `gcloud iam service-accounts keys list --format=json` of any number of accounts (one list, or `{"keys": […]}`), with
 * `gcloud iam service-accounts list --format=json` in the same list if wanted. Of keys that Google itself manages and rotates nothing is said.
 * `roles` (from the project's policy) and `lastAuthenticatedTime` (from activity analyser) count where a script joined them.
 */
export const fromGoogle = (all: readonly Readonly<Record<string, unknown>>[], placeOf: (n: number) => string): readonly Found[] => {
  const accounts = new Map<string, { readonly n: number; about: Readonly<Record<string, unknown>>; readonly keys: Readonly<Record<string, unknown>>[] }>();
  all.forEach((one, n) => {
    const email = keyName.exec(label(one['name'], 1_000))?.[1] ?? label(one['email'], 256);
    if (email === '') return;
    const account = accounts.get(email) ?? { n, about: {}, keys: [] };
    accounts.set(email, account);
    if (one['email'] === undefined) account.keys.push(one);
    else account.about = one;
    account.keys.push(...list(one['keys']));
  });
  return [...accounts].map(([email, { n, about, keys }]) => {
    const mine = keys.filter(({ keyType, disabled }) => keyType !== 'SYSTEM_MANAGED' && disabled !== true);
    const used = [about, ...keys].map(({ lastAuthenticatedTime }) => lastAuthenticatedTime);
    const owner = label(about['owner'], 200);
    return {
      source: 'google', place: placeOf(n),
      row: { externalId: email, name: label(about['displayName']) || email, ...(label(about['description'], 2_000) !== '' && { purpose: label(about['description'], 2_000) }), ...(owner !== '' && { owner: personIdOf(owner) }) },
      credentials: mine.map(credential), scopes: [...new Set([...texts(about['roles']), ...texts(about['scopes'])])],
      lastUsedAt: used.every((at) => at === undefined) ? undefined : Math.max(...used.map((at) => timeOf(at) ?? -Infinity)) === -Infinity ? null : Math.max(...used.map((at) => timeOf(at) ?? -Infinity)),
      humanBecause: undefined,
    };
  });
};

const credential = (key: Readonly<Record<string, unknown>>): Credential => {
  const id = keyName.exec(label(key['name'], 1_000))?.[2] ?? 'a key';
  const end = timeOf(key['validBeforeTime']);
  return { kind: 'key', fingerprint: `google:${id}`, label: `key ${id.slice(0, 40)}`, startsAt: timeOf(key['validAfterTime']), endsAt: end === undefined ? undefined : end >= noEnd ? null : end };
};
