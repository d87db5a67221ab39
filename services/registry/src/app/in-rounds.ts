interface Waiting<Piece> { readonly piece: Piece; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/**
 * Work that is in no hurry, in rounds: what comes while a round goes on, or in the rest after it, goes together in the next. A round that fails is done
 * again piece by piece, so that whoever cannot be done holds up nobody else.
 * @param work safe to repeat
 */
export const inRounds = <Piece>(work: (pieces: readonly Piece[]) => Promise<void>, rest: () => Promise<void>): ((piece: Piece) => Promise<void>) => {
  let waiting: Waiting<Piece>[] = [];
  let going = false;

  const attempt = async (round: readonly Waiting<Piece>[]): Promise<void> => {
    try {
      await work(round.map(({ piece }) => piece));
      for (const { resolve } of round) resolve();
    } catch (error) {
      if (round.length === 1) round[0]!.reject(error);
      else for (const one of round) await attempt([one]);
    }
  };
  const go = async (): Promise<void> => {
    going = true;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      await attempt(round);
      await rest();
    }
    going = false;
  };

  return (piece) => new Promise((resolve, reject) => {
    waiting.push({ piece, resolve, reject });
    if (!going) void go();
  });
};
