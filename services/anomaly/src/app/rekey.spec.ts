import { describe, expect, it } from '@jest/globals';
import { validateObservation } from '@countersign/contracts';
import type { ActionSeen, GovernedRecord, Json } from '@countersign/contracts';
import { toObservation } from './rekey.ts';

const run = '01980000-0000-7000-8000-000000000001', action = '01980000-0000-7000-8000-000000000002';
const decided = (over: Record<string, unknown> = {}, facts: Record<string, Json> = { target: 'DE1' }): GovernedRecord => ({
  kind: 'action.decided', tenant: 'acme', run, agent: 'payer', action, tool: 'bank.send_money', round: 1, now: 5, decision: { tier: 1, decision: 'allow' },
  facts: Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, { value, origin: 'derived' }])), ...over,
}) as unknown as GovernedRecord;
const rekeying = { digest: (text: string) => `short:${text.length}`, registered: (agent: string) => (agent === 'payer' ? { owner: 'uma', roles: ['care'], version: 7 } : undefined) };
const seen = (over: Record<string, unknown> = {}, facts?: Record<string, Json>) => toObservation(decided(over, facts), rekeying) as ActionSeen;

describe('re-keying by agent', () => {
  it('takes each action once, as proposed, and what the house knows of it', () => {
    const one = seen({}, { 'target': ['DE1'], 'target.trust': 'third_party', 'target.from': 'mail.read', 'agent.roles': ['care', 'accounting'], 'tool.reversible': false, 'tool.data': ['account'], 'act.asked': false, 'amount': 5, 'amount.named': false, 'date.off': true });
    expect(one).toEqual({
      kind: 'action', tenant: 'acme', agent: 'payer', run, action, tool: 'bank.send_money', now: 5, group: 'accounting care', owner: 'uma', version: 7,
      consequential: true, reversible: false, impact: 'critical', targets: ['DE1'], trust: 'third_party', from: 'mail.read', signs: ['act_unasked', 'other_day', 'amount_unnamed'], denied: false,
    });
    expect([validateObservation(one), validateObservation.errors]).toEqual([true, null]);
    for (const other of [{ round: 2 }, { kind: 'action.cancelled' }, { agent: null }, { run: null }]) expect(seen(other)).toBeUndefined();
  });

  it('takes when runs begin and end, and how actions ended', () => {
    const base = { tenant: 'acme', agent: 'payer', run, now: 5 };
    const started = { ...base, kind: 'run.started', message: { instruction: { text: 'pay the rent', attestation: null } } } as unknown as GovernedRecord;
    const outcome = (message: unknown): GovernedRecord => ({ ...base, kind: 'action.outcome', action, tool: 't', message }) as unknown as GovernedRecord;
    expect(toObservation(started, rekeying)).toEqual({ kind: 'started', ...base, task: 'short:12' });
    expect(toObservation({ ...base, kind: 'run.ended' } as unknown as GovernedRecord, rekeying)).toEqual({ kind: 'ended', ...base });
    expect(toObservation(outcome({ status: 'failed', tokens: 9, cost: { minor: 3, currency: 'EUR' } }), rekeying)).toEqual({ kind: 'outcome', ...base, action, tool: 't', failed: true, tokens: 9, cost: 3 });
    expect(toObservation(outcome({ status: 'not_executed' }), rekeying)).toBeUndefined();
  });

  it('believes the fact about the tool, and without one its name', () => {
    const of = (tool: string, facts: Record<string, Json> = {}) => seen({ tool }, facts).consequential;
    expect(['get_balance', 'mail.search_inbox', 'files.read_file', 'calendar.list_events', 'check_in'].map((tool) => of(tool))).toEqual([false, false, false, false, false]);
    expect([of('bank.send_money'), of('forget_me'), of('get_balance', { 'tool.consequential': true }), of('bank.send_money', { 'tool.consequential': false })]).toEqual([true, true, true, false]);
  });

  it('knows no target from one that was read nowhere, and what only a runtime claims', () => {
    expect([seen({}, {}).trust, seen({}, { target: 'x' }).trust, seen({}, { 'target': 'x', 'target.trust': 'instruction' }).trust]).toEqual(['none', 'nowhere', 'instruction']);
    expect(seen({}, { 'target': 'x', 'target.trust': 'nowhere', 'target.from': 'mail.read' }).signs).toEqual(['claimed']);
  });

  it('says nothing of the owner of an agent that the registry did not tell of', () => {
    expect(seen({ agent: 'stranger' })).toMatchObject({ owner: '', version: 0, group: '' });
  });

  it('counts what was refused before anything was derived to the same peers', () => {
    expect(seen({}, {}).group).toBe('care');
  });

  it('bounds targets in number and length, and roles', () => {
    const targets = (target: Json) => seen({}, { target }).targets;
    expect(targets(['a', 7, null, '', 'b'])).toEqual(['a', 'b']);
    expect(targets({ iban: 'x' })).toEqual([]);
    expect(targets(Array.from({ length: 90 }, (_, i) => `t${i}`))).toHaveLength(50);
    expect(targets('x'.repeat(201))).toEqual(['short:201']);
    expect(seen({}, { 'agent.roles': ['r'.repeat(201)] }).group).toBe('short:201');
  });
});
