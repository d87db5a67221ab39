import { describe, expect, it } from '@jest/globals';
import { inRounds } from './in-rounds.ts';

/** Rounds of which each ends, and each rest, when the test says so. */
const setUp = (fails: (pieces: readonly string[]) => boolean = () => false) => {
  const rounds: (readonly string[])[] = [];
  let rested = (): void => undefined;
  const add = inRounds<string>(async (pieces) => {
    rounds.push(pieces);
    if (fails(pieces)) throw new Error(`not ${pieces.join()}`);
  }, () => new Promise((resolve) => { rested = resolve; }));
  // Whoever waited goes on before the rest begins.
  return { rounds, add, rest: async () => { await new Promise(setImmediate); rested(); } };
};

describe('work in rounds', () => {
  it('begins at once, and does together what came meanwhile', async () => {
    const { rounds, add, rest } = setUp();
    await add('a');
    const others = [add('b'), add('c')];
    expect(rounds).toEqual([['a']]);
    await rest();
    await Promise.all(others);
    expect(rounds).toEqual([['a'], ['b', 'c']]);
    // Nothing came while it rested: the next one waits for nobody.
    await rest();
    await new Promise(setImmediate);
    await add('d');
    expect(rounds).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('one that cannot be done fails alone', async () => {
    const { rounds, add, rest } = setUp((pieces) => pieces.includes('bad'));
    await add('a');
    const results = Promise.allSettled([add('b'), add('bad'), add('c')]);
    await rest();
    expect(await results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { message: 'not bad' } }, { status: 'fulfilled' }]);
    expect(rounds).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
  });
});
