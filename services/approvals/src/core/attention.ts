/** One vote as it says something about whoever cast it. `tookMs`: from opening it (or being asked, where they never opened it) to the vote. */
export interface Ballot { readonly vote: 'approve' | 'deny' | 'break_glass'; readonly at: number; readonly tookMs: number; readonly opened: boolean; readonly seeded: boolean }

/** How somebody decides. Shares are 0 to 1; null where there is nothing to tell it by. */
export interface Habit {
  readonly votes: number; readonly approved: number;
  /** Approvals one after the other, up to now. */
  readonly streak: number;
  readonly medianMs: number | null; readonly openedShare: number | null;
  readonly seeded: number; readonly caught: number; readonly catchRate: number | null;
}

/** When somebody is asked to look: so many approvals in a row faster than anybody reads, or bad requests let through. */
export const limits = { streak: 20, readMs: 5_000, seeds: 3, catchRate: 0.5, lookMs: 10_000, reasonLength: 20, votesKept: 200 } as const;

/** @param ballots the newest last */
export const habitOf = (ballots: readonly Ballot[]): Habit => {
  const last = ballots.slice(-limits.votesKept);
  const lastDeny = last.findLastIndex(({ vote }) => vote === 'deny');
  const seeded = last.filter((one) => one.seeded);
  const caught = seeded.filter(({ vote }) => vote === 'deny').length;
  const times = last.slice(-limits.streak).map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return {
    votes: last.length, approved: last.filter(({ vote }) => vote === 'approve').length, streak: last.length - 1 - lastDeny,
    medianMs: times.length === 0 ? null : times[Math.floor((times.length - 1) / 2)]!, openedShare: last.length === 0 ? null : last.filter(({ opened }) => opened).length / last.length,
    seeded: seeded.length, caught, catchRate: seeded.length === 0 ? null : caught / seeded.length,
  };
};

/** Why somebody's approvals are no longer taken at once; null where they are. */
export const wornOut = ({ streak, medianMs, seeded, catchRate }: Habit): string | null => {
  if (streak >= limits.streak && medianMs !== null && medianMs < limits.readMs) return `${streak} approvals in a row, half of them within ${Math.ceil(medianMs / 1000)} s`;
  return seeded >= limits.seeds && catchRate !== null && catchRate < limits.catchRate ? `${Math.round((1 - catchRate) * seeded)} of ${seeded} seeded bad requests approved` : null;
};

/** What an approval of somebody worn out still lacks: it was not opened, not long enough ago, without naming the evidence, or with hardly a reason. Null: nothing. */
export const lacks = ({ openedAt, evidence, reason, now }: { readonly openedAt: number | null; readonly evidence: string | undefined; readonly reason: string; readonly now: number }): string | null => {
  if (openedAt === null) return 'open it first';
  if (now - openedAt < limits.lookMs) return `look at it for ${Math.ceil((limits.lookMs - (now - openedAt)) / 1000)} s more`;
  if (evidence === undefined) return 'sign which evidence you had before you';
  return reason.trim().length < limits.reasonLength ? `say why in ${limits.reasonLength} characters or more` : null;
};
