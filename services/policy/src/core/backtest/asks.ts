/** Questions to people, as columns: a backtest of a month may have a million of them. */
export interface Asks {
  readonly at: number[];
  /** Index into `routes`. */
  readonly route: number[];
  readonly quorum: number[];
  /** Ms until the question lapses. */
  readonly expiresInMs: number[];
  /** Index into `requesters`. */
  readonly requester: number[];
}

/** Routes and requester sets, each kept once; shared by both sides of a comparison. */
export interface AskNames { readonly routes: (readonly string[])[]; readonly requesters: (readonly string[])[] }

interface Ask { readonly at: number; readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number; readonly requesters: readonly string[] }

const mostNames = 100_000;

const indexing = (lists: (readonly string[])[]): ((list: readonly string[]) => number) => {
  const known = new Map<string, number>();
  return (list) => {
    const key = list.join('\n');
    let index = known.get(key);
    if (index === undefined && lists.length < mostNames) {
      index = lists.push([...list]) - 1;
      known.set(key, index);
    }
    return index ?? 0;
  };
};

export const createAsks = () => {
  const names: AskNames = { routes: [], requesters: [[]] };
  const routeOf = indexing(names.routes), requesterOf = indexing(names.requesters);
  const empty = (): Asks => ({ at: [], route: [], quorum: [], expiresInMs: [], requester: [] });
  const before = empty(), after = empty();
  const adding = (asks: Asks) => ({ at, route, quorum, expiresInMs, requesters }: Ask): void => {
    asks.at.push(at);
    asks.route.push(routeOf(route));
    asks.quorum.push(quorum);
    asks.expiresInMs.push(expiresInMs);
    asks.requester.push(requesters.length === 0 ? 0 : requesterOf(requesters));
  };
  return { names, before, after, asked: adding(before), wouldAsk: adding(after) };
};

/** Votes as they were cast: who, when they were asked, when they voted (epoch ms). */
export interface CastVote { readonly person: string; readonly askedAt: number; readonly at: number }

/** Longest that counts as one person's time for one question: what lies beyond was a night or a holiday. */
const longestMs = 4 * 3_600_000;

/**
 * Time a person takes for one question, ms, ascending: from the later of the question and that person's vote before, to the vote. For people
 * who take questions in order that is the time on the question itself, breaks included; it errs upwards for those who pick.
 */
export const serviceTimes = (votes: readonly CastVote[]): readonly number[] => {
  const last = new Map<string, number>();
  const times: number[] = [];
  for (const { person, askedAt, at } of votes.toSorted((a, b) => a.at - b.at)) {
    const took = at - Math.max(askedAt, last.get(person) ?? 0);
    last.set(person, at);
    if (took > 0 && took <= longestMs) times.push(took);
  }
  return times.sort((a, b) => a - b);
};
