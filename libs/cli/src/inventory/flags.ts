import type { Credential, Found } from './found.ts';

export const flagKinds = ['shared_credential', 'human_account', 'no_expiry', 'long_lived', 'expired', 'client_secret', 'broad_scope', 'unused'] as const;
export type FlagKind = (typeof flagKinds)[number];

/** What is wrong with how something signs in, what shows it, and what to do. */
export interface Flag { readonly kind: FlagKind; readonly source: string; readonly externalId: string; readonly name: string; readonly place: string; readonly evidence: string; readonly remedy: string }

export interface FlagLimits { readonly now: number; /** Days after which a secret is standing, and an account unused. */ readonly maxAgeDays: number; readonly unusedDays: number }

export interface CredentialsReport {
  readonly found: number; readonly credentials: number; readonly flagged: number;
  readonly counts: Readonly<Record<FlagKind, number>>;
  readonly flags: readonly Flag[];
  /** What the exports do not say, so that nothing is read into silence. */
  readonly notes: readonly string[];
}

const dayMs = 86_400_000;
const day = (at: number): string => (Math.abs(at) > 8.64e15 ? 'an impossible date' : new Date(at).toISOString().slice(0, 10));
const days = (ms: number): string => `${Math.floor(ms / dayMs).toLocaleString('en')} days`;

const remedies: Readonly<Record<FlagKind, string>> = {
  shared_credential: 'Give each of them a credential of its own and revoke this one: who did what cannot be told apart.',
  human_account: 'Register an agent with a key of its own, and take the machine off the person\'s account.',
  no_expiry: 'Replace it by a key that ends, or by tokens of minutes (private_key_jwt at the registry).',
  long_lived: 'Rotate it now, and let the next one live for weeks.',
  expired: 'Delete it at the provider: nobody can use it, and lists with dead entries hide live ones.',
  client_secret: 'Use a key pair (private_key_jwt): what is never sent cannot be read on the way or out of a log.',
  broad_scope: 'Grant the few permissions that it uses; `countersign inventory report` shows which tools those are.',
  unused: 'Ask the owner; then disable it for a while, and delete it.',
};

const broad: readonly RegExp[] = [/\.All$/, /\.(?:ReadWrite|FullControl)\b/, /(?:^|[^a-z])admin(?:istrator)?s?(?:$|[^a-z])/i, /\bmanage\b/i, /full_?access/i, /^fullScopeAllowed$/, /^offline_access$/, /^roles\/(?:owner|editor)$/, /auth\/cloud-platform$/, /\*/];

/** Flags of everything found, across sources: a credential that two of them use is shared wherever they stand. */
export const flagsOf = (all: readonly Found[], limits: FlagLimits): CredentialsReport => {
  const users = new Map<string, Found[]>();
  for (const one of all) for (const fingerprint of new Set(one.credentials.map((credential) => credential.fingerprint))) if (fingerprint !== undefined) users.set(fingerprint, [...users.get(fingerprint) ?? [], one]);
  const flags = all.flatMap((one) => [...one.credentials.flatMap((credential) => credentialFlags(one, credential, users, limits)), ...accountFlags(one, limits)]);
  const silent = (said: (one: Found) => boolean): number => all.filter((one) => !said(one)).length;
  const unknownUse = silent(({ lastUsedAt }) => lastUsedAt !== undefined), unknownScopes = silent(({ scopes }) => scopes.length > 0), unknownKeys = silent(({ credentials }) => credentials.length > 0);
  return {
    found: all.length, credentials: all.reduce((sum, { credentials }) => sum + credentials.length, 0), flagged: new Set(flags.map(({ source, externalId }) => `${source} ${externalId}`)).size,
    counts: Object.fromEntries(flagKinds.map((kind) => [kind, flags.filter((flag) => flag.kind === kind).length])) as Record<FlagKind, number>,
    flags: flags.sort((a, b) => flagKinds.indexOf(a.kind) - flagKinds.indexOf(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    notes: [
      ...(unknownUse > 0 ? [`Of ${unknownUse} of ${all.length} the export does not say when they were last used: none of these is called unused.`] : []),
      ...(unknownScopes > 0 ? [`Of ${unknownScopes} the export names no scopes: they may have more than it shows.`] : []),
      ...(unknownKeys > 0 ? [`Of ${unknownKeys} the export names no credentials.`] : []),
    ],
  };
};

const flag = ({ source, row: { externalId, name }, place }: Found, kind: FlagKind, evidence: string): Flag => ({ kind, source, externalId, name, place, evidence, remedy: remedies[kind] });

const credentialFlags = (one: Found, { kind, fingerprint, label, startsAt, endsAt }: Credential, users: ReadonlyMap<string, readonly Found[]>, { now, maxAgeDays }: FlagLimits): Flag[] => {
  const others = (users.get(fingerprint ?? '') ?? []).filter((other) => other !== one);
  const limit = maxAgeDays * dayMs;
  const found: Flag[] = [];
  if (others.length > 0) found.push(flag(one, 'shared_credential', `${label} is also that of ${others.slice(0, 5).map(({ row, source }) => `${row.name} (${source})`).join(', ')}${others.length > 5 ? ` and ${others.length - 5} more` : ''}`));
  if (kind === 'secret') found.push(flag(one, 'client_secret', `${label} is a secret that is sent to sign in`));
  if (endsAt !== undefined && endsAt !== null && endsAt <= now) return [...found, flag(one, 'expired', `${label} ended on ${day(endsAt)}`)];
  if (endsAt === null) found.push(flag(one, 'no_expiry', `${label} never ends`));
  const life = startsAt !== undefined && typeof endsAt === 'number' ? endsAt - startsAt : undefined;
  if (startsAt !== undefined && now - startsAt > limit) found.push(flag(one, 'long_lived', `${label} is ${days(now - startsAt)} old (since ${day(startsAt)})`));
  else if (life !== undefined && life > limit) found.push(flag(one, 'long_lived', `${label} is made for ${days(life)}, until ${day(endsAt!)}`));
  return found;
};

const accountFlags = (one: Found, { now, unusedDays }: FlagLimits): Flag[] => {
  const found: Flag[] = [];
  if (one.humanBecause !== undefined) found.push(flag(one, 'human_account', one.humanBecause));
  const wide = one.scopes.filter((scope) => broad.some((pattern) => pattern.test(scope)));
  if (wide.length > 0) found.push(flag(one, 'broad_scope', `it may ${wide.slice(0, 8).join(', ')}${wide.length > 8 ? ` and ${wide.length - 8} more` : ''}`));
  if (one.lastUsedAt === null) found.push(flag(one, 'unused', 'the provider has never seen it used'));
  else if (one.lastUsedAt !== undefined && now - one.lastUsedAt > unusedDays * dayMs) found.push(flag(one, 'unused', `last used on ${day(one.lastUsedAt)}, ${days(now - one.lastUsedAt)} ago`));
  return found;
};
