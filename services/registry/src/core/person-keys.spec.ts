import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import { mostKeys, personDecider } from './person.ts';
import type { PersonCommand, PersonEvent } from './person.ts';

const key = (n: number) => ({ kty: 'OKP' as const, crv: 'Ed25519' as const, kid: `k${n}`, x: String(n).padStart(43, 'A') });
const enrolled: readonly PersonEvent[] = [
  { type: 'person.invited', person: 'tess', name: 'Tess', roles: [], code: 'c', expiresAt: 10, by: 'operator', at: 0 },
  { type: 'person.enrolled', key: key(1), admission: 'founding', at: 1 },
];
const after = (events: readonly PersonEvent[]) => fold(personDecider, events);
const say = (command: PersonCommand, ...more: PersonEvent[]) => personDecider.decide(command, after([...enrolled, ...more]));
const add = (n: number): PersonCommand => ({ type: 'add-key', key: key(n), now: 5 });
const added = (n: number): PersonEvent => ({ type: 'person.key_added', key: key(n), at: 5 });

describe('keys of a person', () => {
  it('are added and taken away, each once', () => {
    expect(say(add(2))).toEqual({ status: 'accepted', events: [added(2)] });
    expect(say(add(2), added(2)).status).toBe('nothing-new');
    expect(after([...enrolled, added(2), { type: 'person.key_removed', kid: 'k1', at: 6 }])).toMatchObject({ status: 'active', keys: [key(2)] });
  });
  it.each<[string, PersonCommand, readonly PersonEvent[]]>([
    ['the last one taken away', { type: 'remove-key', kid: 'k1', now: 5 }, []],
    ['another key under a kid that is there', { type: 'add-key', key: { ...key(2), kid: 'k1' }, now: 5 }, []],
    ['one too many', add(99), Array.from({ length: mostKeys - 1 }, (_, i) => added(i + 2))],
    ['one of somebody who has left', add(2), [{ type: 'person.left', reason: 'r', by: 'operator', at: 4 }]],
  ])('are not changed: %s', (_, command, more) => expect(say(command, ...more)).toMatchObject({ status: 'refused', code: 'conflict' }));
});
