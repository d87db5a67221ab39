import { describe, expect, it } from '@jest/globals';
import { createDesk } from './desk.ts';
import type { LookUp } from './desk.ts';

/** A desk whose time and turns the test makes. */
const setUp = () => {
  let now = 0;
  const said: string[] = [];
  const desk = createDesk(10, () => now, async () => { said.push('listens'); });
  const piece = async (name: string, lookUp: LookUp): Promise<void> => {
    const looking = lookUp();
    if (looking !== undefined) await looking;
    said.push(name);
    now += 4;
  };
  return { desk, said, piece, pass: (ms: number) => { now += ms; } };
};

describe('the desk of a process', () => {
  it('is had by one batch at a time, in the order they came, and whoever has it listens every 10 ms', async () => {
    const { desk, said, piece } = setUp();
    const batch = (name: string): Promise<string> => desk.work(async (lookUp) => {
      for (let n = 1; n <= 4; n++) await piece(`${name}${n}`, lookUp);
      return name;
    });
    expect(await Promise.all([batch('a'), batch('b')])).toEqual(['a', 'b']);
    // Taken over from a, the time that a had worked without listening counts for b.
    expect(said).toEqual(['a1', 'a2', 'a3', 'listens', 'a4', 'b1', 'b2', 'listens', 'b3', 'b4']);
  });

  it('goes on to the next after a batch that failed, and tells only its own', async () => {
    const { desk, said, piece } = setUp();
    const failed = desk.work(async () => { throw new Error('the ledger is away'); });
    const next = desk.work((lookUp) => piece('next', lookUp));
    await expect(failed).rejects.toThrow('the ledger is away');
    await next;
    expect(said).toEqual(['next']);
  });

  it('does not make a batch listen that comes to a free desk: the process had nothing else to do', async () => {
    const { desk, said, piece, pass } = setUp();
    await desk.work((lookUp) => piece('a', lookUp));
    pass(1_000);
    await desk.work((lookUp) => piece('b', lookUp));
    expect(said).toEqual(['a', 'b']);
  });
});
