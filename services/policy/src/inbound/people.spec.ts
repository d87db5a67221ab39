import { describe, expect, it } from '@jest/globals';
import type { FactSupplied, PersonSnapshot, TokenClaims } from '@countersign/contracts';
import { argumentsDigest, generateKey, instructionDigest, signPersonStatement } from '@countersign/identity';
import type { PersonStatements } from '@countersign/identity';
import { createPeople } from './people.ts';

const now = 1_800_000_000_000;
const iat = now / 1000;
const key = generateKey('paul-1');
const paul: PersonSnapshot = { person: 'paul', tenant: 'acme', version: 1, name: 'Paul', roles: ['scorer'], status: 'active', keys: [key.publicJwk] };
const people = (known: PersonSnapshot = paul) => createPeople((id) => (id === known.person ? known : undefined), 'acme');

describe('an instruction that a person signed', () => {
  const text = 'pay the rent';
  const token = { run: 'r1', sub: 'clerk', tenant: 'acme' } as TokenClaims;
  const attests = (over: Partial<PersonStatements['instruction']> = {}, known = paul) =>
    people(known).attests(signPersonStatement('instruction', { sub: 'paul', run: 'r1', instruction: instructionDigest(text), agent: 'clerk', tenant: 'acme', iat, ...over }, key), text, token, now);

  it('counts as theirs', () => expect(attests()).toEqual({ ok: true, person: 'paul' }));
  it.each<[string, Partial<PersonStatements['instruction']>]>([
    ['for an earlier run, replayed', { run: 'r0' }],
    ['for another agent', { agent: 'thief' }],
    ['for another tenant', { tenant: 'globex' }],
    ['with another text', { instruction: instructionDigest('pay me') }],
  ])('does not count %s', (_, over) => expect(attests(over)).toEqual({ ok: false, why: 'the signature is for another run, agent or text' }));
  it.each<[string, PersonSnapshot]>([['has left', { ...paul, status: 'suspended' as never }], ['is of another tenant', { ...paul, tenant: 'globex' }], ['is unknown', { ...paul, person: 'nobody' }]])('does not count of somebody who %s', (_, known) => expect(attests({}, known)).toMatchObject({ ok: false, why: expect.stringContaining('nobody we know') }));
});

describe('a fact that a person supplied', () => {
  const message: FactSupplied = { action: 'a1', fact: 'score', value: 7, by: 'paul' };
  const why = (over: Partial<PersonStatements['fact']> = {}) =>
    people().checkSupplier({ ...message, jws: signPersonStatement('fact', { sub: 'paul', tenant: 'acme', run: 'r1', action: 'a1', fact: 'score', value: argumentsDigest(7), iat, ...over }, key) }, { tenant: 'acme', run: 'r1' }, now).why;

  it('is theirs, with their roles', () => {
    expect(why()).toBeNull();
    expect(people().checkSupplier(message, { tenant: 'acme', run: 'r1' }, now)).toEqual({ person: 'paul', roles: ['scorer'], why: 'nobody has signed it' });
  });
  it.each<[string, Partial<PersonStatements['fact']>]>([
    ['run', { run: 'r0' }], ['tenant', { tenant: 'globex' }], ['action', { action: 'a0' }], ['fact', { fact: 'size' }], ['value', { value: argumentsDigest(8) }],
  ])('is not, when signed for another %s', (_, over) => expect(why(over)).toBe('signed for another run, action, fact or value'));
});
