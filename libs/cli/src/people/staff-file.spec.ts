import { describe, expect, it } from '@jest/globals';
import type { PersonSnapshot } from '@countersign/contracts';
import { readStaff as read } from './staff-file.ts';
import { planStaff, tooManyLeave } from './staff-plan.ts';

const here = (person: string, over: Partial<PersonSnapshot> = {}): PersonSnapshot => ({ person, tenant: 'acme', version: 1, name: person, roles: [], status: 'active', keys: [], ...over });
const readStaff = (text: string) => read(Buffer.from(text));
const never = () => false;

describe('a file of current staff', () => {
  it('in CSV: quoted names, roles and managers, and broken rows by line', () => {
    expect(readStaff('\uFEFFperson,name,roles,manager\r\nann,"Ann ""A"", Lee",treasurer;senior,\r\nBAD ID,x,,\r\n\r\nbob,Bob\r\ncarol,"Carol\nLong",,ann\nann,Again,,\n')).toEqual({
      rows: [{ line: 2, person: 'ann', name: 'Ann "A", Lee', roles: ['treasurer', 'senior'], manager: null }, { line: 7, person: 'carol', name: 'Carol\nLong', roles: [], manager: 'ann' }],
      broken: [{ line: 3, why: expect.stringContaining('person is an id') }, { line: 5, why: 'it has 2 cells, the header 4' }, { line: 8, why: 'ann stands on line 2 already' }],
    });
    expect(() => readStaff('who,name\na,b')).toThrow('no column person');
  });
  it('in JSON, without roles: those stay', () => {
    expect(readStaff('[{"person":"ann","name":"Ann"},7,{"person":"b","name":"B","roles":[1]}]')).toMatchObject({ rows: [{ person: 'ann', manager: null }], broken: [{ line: 2 }, { line: 3, why: expect.stringContaining('roles') }] });
    expect(() => readStaff('[{')).toThrow('no JSON');
  });
});

describe('what it means', () => {
  it('who is not on it leaves, who is back returns, who changed is changed, who is new is named', () => {
    const plan = planStaff(readStaff('person,name,manager\nann,Ann Lee,bob\ndan,dan,\nnew,New,\nbob,bob,stranger'), [here('ann'), here('bob'), here('carol'), here('dan', { status: 'gone' })], never);
    expect(plan).toEqual({ leave: ['carol'], comeBack: ['dan'], change: [{ person: 'ann', name: 'Ann Lee', manager: 'bob' }], unknown: ['new'], broken: [] });
  });
  it('nobody leaves because their row is broken', () => {
    expect(planStaff(readStaff('person,name\ncarol,'), [here('carol')], (person) => person === 'carol').leave).toEqual([]);
  });
  it('an empty or cut file does not empty the company', () => {
    const staff = Array.from({ length: 20 }, (_, i) => here(`p${i}`));
    const cut = planStaff(readStaff(`person,name\n${staff.slice(0, 15).map(({ person }) => `${person},${person}`).join('\n')}`), staff, never);
    expect(tooManyLeave(cut, staff)).toBe(true);
    expect(tooManyLeave({ ...cut, leave: ['p16', 'p17', 'p18', 'p19'] }, staff)).toBe(false);
  });
});
