import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided, GovernedOutcome, Json } from '@countersign/contracts';
import fc from 'fast-check';
import { governedJson } from './governed-json.ts';

const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: false }) as fc.Arbitrary<Json>;
const anyText = fc.string({ unit: 'binary' });
const record = fc.record({
  tenant: anyText, run: anyText, agent: fc.option(anyText), traceparent: fc.option(anyText), action: anyText, tool: anyText, args: fc.dictionary(anyText, json), inbox: fc.boolean(), attested: fc.boolean(),
  failed: fc.option(fc.array(fc.record({ fact: anyText, why: anyText, byArguments: fc.boolean() }), { minLength: 1, maxLength: 2 })),
  budgets: fc.option(fc.array(fc.record({ account: anyText, budget: anyText, unit: anyText, amount: fc.nat(), leased: fc.nat(), until: fc.nat() }), { minLength: 1, maxLength: 2 })),
  review: fc.option(fc.record({ rate: fc.constant(0.02), instruction: anyText, digest: anyText, requesters: fc.array(anyText) })),
  extension: fc.option(fc.record({ tools: fc.array(anyText), until: fc.nat() })),
  observed: fc.option(fc.record({ decision: fc.constant('deny' as const), tier: fc.constant(3 as const), code: fc.option(anyText), until: fc.nat(), approval: fc.constant(null) })),
  modified: fc.option(fc.record({ arguments: fc.dictionary(anyText.filter((name) => name !== '__proto__'), json), changes: fc.constant([]), proposedFacts: fc.constant({}) })),
  facts: fc.dictionary(anyText.filter((name) => name !== '__proto__'), fc.record({ value: json, origin: fc.constantFrom('derived' as const, 'attested' as const, 'claimed' as const), from: fc.option(anyText, { nil: undefined }) })),
}).map(({ args, inbox, facts, failed, budgets, modified, review, observed, extension, ...r }): GovernedDecided => ({
  ...r, ...(extension !== null && { extension: extension as never }), ...(observed !== null && { observed }), ...(review !== null && { review }), ...(modified !== null && { modified: modified as never }), ...(failed !== null && { failed }), ...(budgets !== null && { budgets }), facts: facts as GovernedDecided['facts'], position: 3, now: 5, seq: null, kind: 'action.decided', round: 1, resolved: null, inbox: inbox ? { offset: '7', at: 8, hash: 'h' } : null,
  message: { action: r.action, tool: r.tool, arguments: args, deadline: null, reason: null, confidence: 0.5 }, reserved: { calls: 1, money: null }, snapshots: { agent: 1, tool: 1, halts: 1, level: 'normal' },
  decision: { decision: 'allow', tier: 1, code: null, rules: [], policyVersion: 'p', approval: null, claim: false },
  reply: { kind: 'decided', run: r.run, action: r.action, seq: 1, code: 'ok', detail: null, decision: 'allow', tier: 1, round: 1, grant: 'g', claim: false, arguments: null, expectedSeq: null },
}));

describe('the JSON of a decision', () => {
  it('means the same as JSON.stringify, whatever the texts', () => {
    fc.assert(fc.property(record, (r) => expect(JSON.parse(governedJson(r, () => undefined))).toEqual(JSON.parse(JSON.stringify(r)))), { numRuns: 500, seed: 7 });
  });
  it('carries the message as it was received', () => {
    fc.assert(fc.property(record, (r) => {
      const received = JSON.stringify(r.message, null, 1);
      const made = governedJson(r, (message) => (message === r.message ? received : undefined));
      expect(made).toContain(received);
      expect(JSON.parse(made)).toEqual(JSON.parse(JSON.stringify(r)));
    }), { numRuns: 100, seed: 7 });
  });
  it('carries the outcome as it was received', () => {
    fc.assert(fc.property(anyText, anyText, fc.option(json), (run, action, result) => {
      const message = { action, status: 'succeeded', result: JSON.stringify(result), error: null, cost: null, tokens: 1, durationMs: 2 } as const;
      const outcome: GovernedOutcome = { position: 3, tenant: 't', run, agent: 'a', inbox: null, now: 5, seq: 4, traceparent: null, kind: 'action.outcome', action, tool: 'x.y', message, settled: { calls: 1, money: null } };
      const received = JSON.stringify(message, null, 1);
      expect(governedJson(outcome, () => received)).toContain(received);
      for (const text of [undefined, received]) expect(JSON.parse(governedJson(outcome, () => text))).toEqual(outcome);
    }), { numRuns: 100, seed: 7 });
  });
});
