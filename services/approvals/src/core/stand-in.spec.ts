import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import { standInDecider } from './stand-in.ts';
import type { StandInCommand, StandInEvent } from './stand-in.ts';

const now = 1_800_000_000_500, second = 1_800_000_000;
const name = (jws: string, signedAt: number, to = 'tom'): StandInCommand => ({ type: 'name', standIn: { person: 'olaf', to, from: now, until: now + 3_600_000, jws }, signedAt, reason: 'away', now });
const withdraw: StandInCommand = { type: 'withdraw', person: 'olaf', now };
const after = (...commands: readonly StandInCommand[]): readonly StandInEvent[] => commands.reduce<readonly StandInEvent[]>((events, command) => {
  const outcome = standInDecider.decide(command, fold(standInDecider, events));
  return outcome.status === 'accepted' ? [...events, ...outcome.events] : events;
}, []);
const said = (command: StandInCommand, ...before: readonly StandInCommand[]) => standInDecider.decide(command, fold(standInDecider, after(...before))).status;

describe('a stand-in', () => {
  it('that was ended never comes back by the same signature, nor by one from before the end', () => {
    expect(said(name('a', second), name('a', second))).toBe('nothing-new');
    expect(said(name('a', second), name('a', second), withdraw)).toBe('refused');
    expect(said(name('older', second - 60), name('a', second - 90), withdraw)).toBe('refused');
    expect(said(name('b', second + 1), name('a', second), withdraw)).toBe('accepted');
  });

  it('that was replaced by a newer one does not replace that again', () => {
    expect(said(name('a', second - 60), name('a', second - 60), name('b', second, 'tina'))).toBe('refused');
    expect(fold(standInDecider, after(name('a', second - 60), name('b', second, 'tina'))).standIn).toMatchObject({ to: 'tina' });
  });

  it('of before this was kept is as old as its event', () => {
    const old: StandInEvent = { type: 'stand_in_named', person: 'olaf', to: 'tom', from: now, until: now + 1, jws: 'a', reason: 'away', at: now };
    expect(fold(standInDecider, [old])).toMatchObject({ standIn: { jws: 'a' }, notBefore: second });
  });
});
