export interface PersonSessions {
  /** A new session of somebody who has shown that they are; answers with its secret. */
  open(person: string): string;
  /** Whose session it is; undefined once it is over. */
  find(secret: string | undefined): string | undefined;
  close(secret: string | undefined): void;
}

const lifeMs = 8 * 3_600_000;
const most = 10_000;

/** Who is logged in at the pages. In memory: a restart logs everybody out, and they log in again with one press. */
export const createPersonSessions = (options: { readonly now: () => number; readonly secret: () => string; readonly hash: (secret: string) => string }): PersonSessions => {
  const sessions = new Map<string, { readonly person: string; readonly until: number }>();
  return {
    open: (person) => {
      const secret = options.secret();
      sessions.set(options.hash(secret), { person, until: options.now() + lifeMs });
      if (sessions.size > most) sessions.delete(sessions.keys().next().value!);
      return secret;
    },
    find: (secret) => {
      const found = secret === undefined ? undefined : sessions.get(options.hash(secret));
      return found !== undefined && options.now() < found.until ? found.person : undefined;
    },
    close: (secret) => { if (secret !== undefined) sessions.delete(options.hash(secret)); },
  };
};
