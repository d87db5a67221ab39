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
const back: PersonCommand = { type: 'return', founding: true, ...because };
const change = (over: object, othersOperate = true): PersonCommand => ({ type: 'change', othersOperate, managers: [], founding: true, ...over, ...because });
const enrol = (founding: boolean): PersonCommand => ({ type: 'enrol', code: 'hash', key, founding, now: 5 });
const approved = { change: 'c', by: 'rita', jws: 'j' };
const admit = (roles: readonly string[]): PersonCommand => ({ type: 'admit', roles, approved, ...because });
const waiting: PersonEvent = { ...enrolled, admission: 'waits' };

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
    expect(code(decide(enrol(true), invited, left))).toBe('enrolment_invalid');
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

describe('a person whom two let in', () => {
  it('waits after enrolling, with the roles that were told, and is nobody until then', () => {
    expect(decide(enrol(false), invited)).toMatchObject({ events: [{ type: 'person.enrolled', admission: 'waits' }] });
    expect(fold(personDecider, [invited, waiting])).toMatchObject({ status: 'waiting', roles: ['treasurer', 'operator'], invitedBy: 'op' });
    expect(code(decide(enrol(false), invited, waiting))).toBe('nothing-new');
    expect(fold(personDecider, [invited, waiting, { type: 'person.admitted', roles: ['treasurer'], approved, ...said }])).toMatchObject({ status: 'active', roles: ['treasurer'], keys: [key] });
    expect(code(decide(admit([]), invited))).toBe('conflict');
    expect(code(decide(admit([]), invited, enrolled))).toBe('conflict');
    expect(decide(admit(['senior']), invited, waiting)).toMatchObject({ events: [{ type: 'person.admitted', roles: ['senior'], approved }] });
  });
  it('was let in at once where the record is from before two were asked', () => {
    expect(fold(personDecider, [invited, enrolled])).toMatchObject({ status: 'active', roles: ['treasurer', 'operator'] });
  });
  it('comes back and gains roles by two, and loses them by one', () => {
    expect(code(decide({ ...back, founding: false } as PersonCommand, invited, enrolled, left))).toBe('change_review_required');
    expect(decide(admit(['senior']), invited, enrolled, left)).toMatchObject({ events: [{ type: 'person.admitted', roles: ['senior'] }] });
    const alone = (roles: readonly string[], over: object = {}) => code(decide({ ...change({ roles }), founding: false, ...over } as PersonCommand, invited, enrolled));
    expect([alone(['treasurer', 'operator', 'senior']), alone(['senior', 'operator']), alone(['operator']), alone(['operator', 'senior'], { approved })]).toEqual(['change_review_required', 'change_review_required', 'accepted', 'accepted']);
  });
  it('whose link somebody else used is invited again: that key is nobody\'s', () => {
    expect(decide({ ...invited, type: 'invite', now: 9 }, invited, waiting)).toMatchObject({ status: 'accepted' });
    expect(fold(personDecider, [invited, waiting, { ...invited, code: 'newer' }])).toMatchObject({ status: 'invited' });
    expect(fold(personDecider, [invited, waiting, left])).toMatchObject({ status: 'gone', keys: [] });
  });
});
