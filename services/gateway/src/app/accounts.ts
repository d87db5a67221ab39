import { RunFailed } from '@countersign/sdk';
import type { Session } from '@countersign/sdk';
import { CodedError } from '@countersign/service-host';
import { hash, randomBytes } from 'node:crypto';
import type { AgentSession, OpenAgentSession, RateLimit } from './ports.ts';
import { refusalOf } from './refusal.ts';

/** An agent that asks over AuthZEN: its session of the moment, and runs opened ahead of being needed. */
export interface Account {
  readonly agent: string;
  session: AgentSession;
  readonly ahead: Session[];
  /** How many to have ahead; grows with the demand. */
  want: number;
  /** Who waits for one now. */
  waiting: number;
  filling: Promise<void> | undefined;
}

export interface Accounts {
  /** Trades an agent's assertion for a bearer token. Throws what the registry says. */
  open(agent: string, assertion: string): Promise<{ readonly access_token: string; readonly token_type: 'Bearer'; readonly expires_in: number }>;
  /** Whose token this is. Throws `unauthenticated` or `token_expired`. */
  find(token: string | undefined): Account;
  /** The account of a token that is good; undefined where it is not. */
  of(token: string): Account | undefined;
  /** A run that was opened and not used. */
  takeRun(account: Account): Promise<Session>;
  sweep(): void;
}

/** Most tokens held, of all agents and of one; runs ahead of one agent. */
const limits = { tokens: 10_000, perAgent: 64, ahead: 256, least: 4 };
/** A bearer token ends before the session behind it does: what it begins can still be finished. */
const marginMs = 10_000;
/** How long an evaluation waits for a run of its own. */
const patienceMs = 5_000;
const digest = (token: string): string => hash('sha256', token, 'base64');

export const createAccounts = (openSession: OpenAgentSession, rate: RateLimit, now: () => number): Accounts => {
  const accounts = new Map<string, Account>();
  const tokens = new Map<string, { readonly account: Account; readonly expiresAt: number }>();

  const fill = (account: Account): Promise<void> => (account.filling ??= account.session.mint(Math.min(limits.ahead, Math.max(1, account.want - account.ahead.length) + account.waiting), () => account.session)
    .then((runs) => { account.ahead.push(...runs); })
    .catch((error: unknown) => { throw error instanceof RunFailed ? refusalOf(error) : error; })
    .finally(() => { account.filling = undefined; }));

  const of = (token: string): Account | undefined => {
    const found = tokens.get(digest(token));
    return found !== undefined && now() < found.expiresAt ? found.account : undefined;
  };

  return {
    of,
    async open(agent, assertion) {
      // Only what the registry accepted is counted: nobody can use up another agent's minute.
      await rate.check(agent);
      const own = [...tokens.values()].filter((one) => one.account.agent === agent).length;
      if (tokens.size >= limits.tokens || own >= limits.perAgent) throw new CodedError('rate_limited', 'more tokens are in use than this gateway holds: use the one you have until it expires', { retryAfterS: 60 });
      const session = await openSession({ agent, assertion }).catch((error: unknown) => { throw error instanceof RunFailed ? refusalOf(error) : error; });
      await rate.count(agent).catch(() => undefined);
      let account = accounts.get(agent);
      if (account === undefined) accounts.set(agent, account = { agent, session, ahead: [], want: limits.least, waiting: 0, filling: undefined });
      account.session = session;
      const token = randomBytes(32).toString('base64url');
      const expiresAt = session.expiresAt - marginMs;
      tokens.set(digest(token), { account, expiresAt });
      return { access_token: token, token_type: 'Bearer', expires_in: Math.max(1, Math.floor((expiresAt - now()) / 1_000)) };
    },
    find(token) {
      const account = token === undefined ? undefined : of(token);
      if (account === undefined) throw new CodedError('unauthenticated', 'send Authorization: Bearer with a token of POST /oauth2/token that has not expired');
      return account;
    },
    async takeRun(account) {
      const until = now() + patienceMs;
      do {
        for (let run = account.ahead.shift(); run !== undefined; run = account.ahead.shift()) {
          // A suspended agent's run is refused by policy all the same; this only spares a renewal.
          if (now() >= run.token().expiresAt - marginMs) continue;
          if (account.ahead.length < account.want / 2) fill(account).catch(() => undefined);
          return run;
        }
        if (account.filling === undefined) account.want = Math.min(limits.ahead, account.want * 2);
        account.waiting += 1;
        await fill(account).finally(() => { account.waiting -= 1; });
      } while (now() < until);
      throw new CodedError('rate_limited', 'runs are used up faster than they can be opened', { retryAfterS: 1 });
    },
    sweep() {
      for (const [key, { expiresAt }] of tokens) if (now() >= expiresAt) tokens.delete(key);
      const used = new Set([...tokens.values()].map(({ account }) => account));
      for (const [agent, account] of accounts) {
        account.want = Math.max(limits.least, account.want >> 1);
        // Held runs keep their account; a new token finds them by the agent's name.
        if (!used.has(account)) account.ahead.length = 0;
        if (!used.has(account) && now() >= account.session.expiresAt) accounts.delete(agent);
      }
    },
  };
};
