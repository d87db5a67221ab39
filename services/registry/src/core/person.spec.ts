import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import type { PublicJwk } from '@countersign/contracts';
import { personDecider } from './person.ts';
import type { PersonCommand, PersonEvent } from './person.ts';

const key: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k-1' };
const invited: PersonEvent = { type: 'person.invited', person: 'carol', name: 'Carol', roles: ['treasurer', 'operator'], code: 'hash', expiresAt: 100, by: 'op', at: 1 };
const enrolled: PersonEvent = { type: 'person.enrolled', key, at: 2 };
const because = { reason: 'r', by: 'op', now: 3 };
const said = { reason: 'r', by: 'op', at: 3 };
const left: PersonEvent = { type: 'person.left', ...said };
const decide = (command: PersonCommand, ...events: PersonEvent[]) => personDecider.decide(command, fold(personDecider, events));
const code = (outcome: { status: string; code?: string }) => outcome.code ?? outcome.status;
const leave = (othersOperate = true): PersonCommand => ({ type: 'leave', othersOperate, ...because });
const back: PersonCommand = { type: 'return', ...because };
const change = (over: object, othersOperate = true): PersonCommand => ({ type: 'change', othersOperate, managers: [], ...over, ...because });

describe('a person who leaves', () => {
  it('is gone with their keys kept for what they signed, and may come back', () => {
    expect(decide(leave(), invited, enrolled)).toEqual({ status: 'accepted', events: [left] });
    expect(fold(personDecider, [invited, enrolled, left])).toMatchObject({ status: 'gone', keys: [key], roles: ['treasurer', 'operator'] });
    expect(code(decide(leave(), invited, enrolled, left))).toBe('nothing-new');
    expect(decide(back, invited, enrolled, left)).toMatchObject({ events: [{ type: 'person.returned' }] });
    expect(code(decide(back, invited, enrolled))).toBe('nothing-new');
    expect(code(decide(leave()))).toBe('not_found');
  });
  it('is not invited again under a key of their own choosing', () => {
    expect(code(decide({ ...invited, type: 'invite', now: 9 }, invited, enrolled, left))).toBe('conflict');
  });
  it('was only invited: the link is void, and they are invited again', () => {
    expect(code(decide({ type: 'enrol', code: 'hash', key, now: 5 }, invited, left))).toBe('enrolment_invalid');
    expect(code(decide(back, invited, left))).toBe('conflict');
    expect(code(decide({ ...invited, type: 'invite', now: 9 }, invited, left))).toBe('accepted');
  });
  it('is not the last who may operate', () => {
    expect(code(decide(leave(false), invited, enrolled))).toBe('last_operator');
    expect(code(decide(change({ roles: ['treasurer'] }, false), invited, enrolled))).toBe('last_operator');
    expect(code(decide(leave(false), { ...invited, roles: [] }, enrolled))).toBe('accepted');
  });
});

describe('a person who changes', () => {
  it('keeps what was not said, and the event says only what is new', () => {
    expect(decide(change({ roles: ['senior'], name: 'Carol' }), invited, enrolled)).toEqual({ status: 'accepted', events: [{ type: 'person.changed', roles: ['senior'], ...said }] });
    expect(code(decide(change({ manager: null }), invited, enrolled))).toBe('nothing-new');
    expect(fold(personDecider, [invited, enrolled, { type: 'person.changed', manager: 'bob', ...said }])).toMatchObject({ status: 'active', manager: 'bob', name: 'Carol', keys: [key] });
  });
  it('is nobody\'s manager\'s manager: no cycle', () => {
    expect(code(decide(change({ manager: 'carol' }), invited, enrolled))).toBe('manager_cycle');
    expect(code(decide({ ...change({ manager: 'bob' }), managers: ['ann', 'carol'] } as PersonCommand, invited, enrolled))).toBe('manager_cycle');
  });
});
