import { describe, expect, it } from '@jest/globals';
import { createTurns } from './turns.ts';

describe('work in turns', () => {
  it('goes on one piece at a time, in order, and one that fails holds up none behind it', async () => {
    const inTurn = createTurns(), said: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => { release = resolve; });
    const first = inTurn(async () => { said.push('first begins'); await held; said.push('first ends'); return 1; });
    const second = inTurn(() => { said.push('second'); throw new Error('no'); });
    const third = inTurn(() => { said.push('third'); return 3; });
    await Promise.resolve();
    expect(said).toEqual(['first begins']);
    release();
    await expect(second).rejects.toThrow('no');
    expect([await first, await third]).toEqual([1, 3]);
    expect(said).toEqual(['first begins', 'first ends', 'second', 'third']);
  });
});
