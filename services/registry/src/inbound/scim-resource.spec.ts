import { describe, expect, it } from '@jest/globals';
import type { ScimUser } from '../app/scim.ts';
import { attributesOf, matching, patched, ScimError } from './scim-resource.ts';

const user: ScimUser = { id: 'ann', connection: 'entra', version: 3, attributes: { userName: 'Ann@corp.example', active: true, emails: [{ value: 'a@corp.example', type: 'work' }] }, createdAt: 0, changedAt: 0 };
const patch = (...Operations: readonly object[]) => patched(user, { Operations });

describe('a SCIM user', () => {
  it('is kept by the attributes that count, whatever else was sent', () => {
    expect(attributesOf({ userName: 'ann', active: 'False', password: 'secret', roles: ['a', { value: 'b' }, 7], name: { givenName: 'Ann', evil: 'x' } })).toEqual({ userName: 'ann', active: false, roles: ['a', 'b'], name: { givenName: 'Ann' } });
    for (const bad of [null, [], {}, { userName: '' }, { userName: 'x'.repeat(257) }]) expect(() => attributesOf(bad)).toThrow(ScimError);
  });

  it('is patched as Entra and Okta do it, and lets go of what is not kept', () => {
    expect(patch({ op: 'Replace', path: 'active', value: 'False' }).active).toBe(false);
    expect(patch({ op: 'replace', value: { active: false, nickName: 'x' } })).toEqual({ ...user.attributes, active: false });
    expect(patch({ op: 'add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'x' })).toEqual(user.attributes);
    expect(patch({ op: 'replace', path: 'emails[type eq "work"].value', value: 'b@corp.example' }).emails).toEqual([{ value: 'b@corp.example', type: 'work' }]);
  });

  it('is no way to what all objects share', () => {
    for (const path of ['__proto__.polluted', 'constructor.prototype.polluted', 'name.__proto__.polluted']) patch({ op: 'add', path, value: 'x' });
    patch({ op: 'add', value: JSON.parse('{"__proto__": {"polluted": "x"}}') as object });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([[[]], [[{ op: 'move', path: 'active' }]], [Array.from({ length: 101 }, () => ({ op: 'remove', path: 'displayName' }))], [[{ op: 'replace', path: 7, value: 1 }]]])('refuses operations that are none', (operations) => {
    expect(() => patched(user, { Operations: operations })).toThrow(ScimError);
  });

  it.each([['userName eq "ANN@corp.example"', true], ['userName sw "ann" and active eq true', true], ['active eq false', false], ['externalId eq "x" or userName co "corp"', true], ['not (userName eq "ann@corp.example")', false]])('is found by %s', (query, found) => {
    expect(matching(query)(user.attributes)).toBe(found);
  });
  it('is looked for by a filter that is one', () => {
    for (const bad of ['userName eq', '((', `userName eq "${'x'.repeat(1_000)}"`]) expect(() => matching(bad)).toThrow(ScimError);
  });
});
