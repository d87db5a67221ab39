import { describe, expect, it } from '@jest/globals';
import type { Deferral } from '@countersign/contracts';
import type { ActionStore, RunCommand } from './ports.ts';
import { supply } from './supply.ts';

const key = { tenant: 'acme', run: 'r', action: 'a' };
const deferral: Deferral = { until: 9, place: 1, awaits: [{ fact: 'supplier.verified', from: ['purchasing'] }], dependsOn: [] };
const said = { fact: 'supplier.verified', value: true, jws: 'signed by pia' };
const supplied = async (waiting: Deferral | null | undefined, roles: readonly string[], change: object = {}) => {
  const told: RunCommand[] = [];
  const answer = await supply({ waiting: () => Promise.resolve(waiting) } as unknown as ActionStore, (_, command) => { told.push(command); return Promise.resolve(); }, key, { person: 'pia', roles }, { ...said, ...change });
  return { answer: answer.status === 'refused' ? answer.code : answer.status, told };
};

describe('supplying a fact', () => {
  it('passes it on with the signature of who owes it', async () => expect(await supplied(deferral, ['purchasing'])).toEqual({ answer: 'sent', told: [{ word: 'supplied', body: { ...said, action: 'a', by: 'pia' } }] }));
  it.each<[string, Deferral | null | undefined, string[], object, string]>([
    ['an action nobody knows', undefined, ['purchasing'], {}, 'action_unknown'],
    ['an action that waits for nothing', null, ['purchasing'], {}, 'fact_not_awaited'],
    ['another fact', deferral, ['purchasing'], { fact: 'amount' }, 'fact_not_awaited'],
    ['somebody who does not owe it', deferral, ['treasurer'], {}, 'not_eligible'],
  ])('refuses %s and says nothing to the run', async (_, waiting, roles, change, code) => expect(await supplied(waiting, roles, change)).toEqual({ answer: code, told: [] }));
});
