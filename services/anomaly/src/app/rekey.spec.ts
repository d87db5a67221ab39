import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided, GovernedRecord, Json } from '@countersign/contracts';
import { toObservation } from './rekey.ts';

const decided = (over: Partial<Record<keyof GovernedDecided, unknown>> = {}, facts: Record<string, Json> = { target: 'DE1' }): GovernedRecord => ({
  kind: 'action.decided', tenant: 'acme', run: 'r', agent: 'payer', action: 'a', tool: 'bank.send_money', round: 1, now: 5,
  facts: Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, { value, origin: 'derived' }])), ...over,
}) as unknown as GovernedRecord;
const shorten = (target: string) => `short:${target.length}`;

describe('re-keying by agent', () => {
  it('takes each action once, as proposed', () => {
    expect(toObservation(decided(), shorten)).toEqual({ tenant: 'acme', agent: 'payer', run: 'r', action: 'a', tool: 'bank.send_money', now: 5, consequential: true, targets: ['DE1'] });
    for (const other of [{ round: 2 }, { kind: 'action.outcome' }, { agent: null }, { run: null }]) expect(toObservation(decided(other), shorten)).toBeUndefined();
  });

  it('believes the fact about the tool, and without one its name', () => {
    const of = (tool: string, facts: Record<string, Json> = {}) => toObservation(decided({ tool }, facts), shorten)!.consequential;
    expect(['get_balance', 'mail.search_inbox', 'files.read_file', 'calendar.list_events', 'check_in'].map((tool) => of(tool))).toEqual([false, false, false, false, false]);
    expect([of('bank.send_money'), of('forget_me'), of('get_balance', { 'tool.consequential': true }), of('bank.send_money', { 'tool.consequential': false })]).toEqual([true, true, true, false]);
  });

  it('bounds targets in number and length', () => {
    const targets = (target: Json) => toObservation(decided({}, { target }), shorten)!.targets;
    expect(targets(['a', 7, null, '', 'b'])).toEqual(['a', 'b']);
    expect(targets({ iban: 'x' })).toEqual([]);
    expect(targets(Array.from({ length: 90 }, (_, i) => `t${i}`))).toHaveLength(50);
    expect(targets('x'.repeat(201))).toEqual(['short:201']);
    expect(toObservation(decided({}, {}), shorten)!.targets).toEqual([]);
  });
});
