import type { GrantClaims, Revocation, TokenClaims } from '@countersign/contracts';

/** What a token says that a revocation may be about. */
export type RevocableToken = Pick<TokenClaims, 'tenant' | 'sub' | 'jti' | 'run' | 'iat' | 'auth_time' | 'auth_key' | 'cnf'>;
/** Something done or allowed under a session: a grant, a run. `iat`: seconds, when it was issued. */
export type RevocableWork = Pick<GrantClaims, 'tenant' | 'agent' | 'run' | 'jkt' | 'iat'>;

/** A live view of what was revoked. */
export interface RevocationView {
  /** 0: nothing is revoked, and nobody needs to ask. */
  readonly size: number;
  /** The entry that forbids this token, if any. */
  token(claims: RevocableToken): Revocation | undefined;
  /** The entry that forbids this grant or run, if any. */
  work(of: RevocableWork): Revocation | undefined;
  /** The entry by which a registered key does not count at this time (epoch ms), if any. */
  key(tenant: string, thumbprint: string, at: number): Revocation | undefined;
  /** True when the view may have missed an entry: older than 3 s, or not ready yet. */
  isStale(): boolean;
}

export interface RevocationSet extends Omit<RevocationView, 'isStale'> {
  add(entry: Revocation): void;
}

const nameOf = (tenant: string, kind: Revocation['kind'], subject: string): string => `${kind} ${subject} ${tenant}`;

/**
 * A grow-only set: order and repetition make no difference, nothing is taken back. Of two entries about one subject the wider counts:
 * the earlier `from` of a key, the later one of an agent. Seconds are compared as the start of their second, so a doubt refuses.
 */
export const createRevocationSet = (): RevocationSet => {
  const entries = new Map<string, Revocation>();
  const find = (tenant: string, kind: Revocation['kind'], subject: string): Revocation | undefined => entries.get(nameOf(tenant, kind, subject));
  const agentBefore = (tenant: string, agent: string, seconds: number): Revocation | undefined => {
    const entry = find(tenant, 'agent', agent);
    return entry !== undefined && seconds * 1_000 < entry.from ? entry : undefined;
  };
  const key = (tenant: string, thumbprint: string, at: number): Revocation | undefined => {
    const entry = find(tenant, 'key', thumbprint);
    return entry !== undefined && at >= entry.from ? entry : undefined;
  };
  const work = ({ tenant, agent, run, jkt, iat }: RevocableWork): Revocation | undefined => find(tenant, 'session', jkt) ?? find(tenant, 'run', run) ?? agentBefore(tenant, agent, iat);
  return {
    add(entry) {
      const name = nameOf(entry.tenant, entry.kind, entry.subject);
      const held = entries.get(name);
      if (held === undefined || (entry.kind === 'agent' ? entry.from > held.from : entry.from < held.from)) entries.set(name, entry);
    },
    get size() { return entries.size; },
    key, work,
    token({ tenant, sub, jti, run, iat, auth_time: authTime, auth_key: authKey, cnf }) {
      if (entries.size === 0) return undefined;
      return find(tenant, 'token', jti) ?? work({ tenant, agent: sub, run, jkt: cnf.jkt, iat: Math.min(iat, authTime ?? iat) })
        // The end of its second: a key is not trusted from a moment on, and a doubt refuses.
        ?? (authKey === undefined ? undefined : key(tenant, authKey, (authTime ?? iat) * 1_000 + 999));
    },
  };
};
