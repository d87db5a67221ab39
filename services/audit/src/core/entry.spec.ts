import { describe, expect, it } from '@jest/globals';
import { validateAuditLeaf } from '@countersign/contracts';
import type { GovernedDecided, GovernedStarted } from '@countersign/contracts';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { leafOf, maxLeafBytes } from './entry.ts';
import type { LeafContext, SourceRecord } from './entry.ts';
import { peopleIn } from './oversight.ts';

const example = <T>(name: string): T => (JSON.parse(readFileSync(new URL(`../../../../contracts/schemas/governed/${name}.v1.examples.json`, import.meta.url), 'utf8')) as { valid: { value: T }[] }).valid[0]!.value;
const digest = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const context: LeafContext = { commitment: digest, pseudonym: (person) => `p-${person.length}`, digest: () => digest, shownTo: () => digest };
const source = (change: Partial<SourceRecord> = {}): SourceRecord => ({ topic: 'runs.governed.v1', partition: 0, offset: 41n, at: 1_793_500_000_005, headers: { ce_id: '0.7', ce_type: 'countersign.governed.action.decided.v1', ce_time: '2026-11-01T02:26:40.004Z', tenant: 'acme' }, value: new Uint8Array(), ...change });
const proposal = example<GovernedDecided>('GovernedDecided');
const event = (data: object, more: object = {}) => ({ stream: 'approval-1', version: 1, type: 'voted', at: 5, by: 'tess', data, ...more });

describe('the leaf of a record', () => {
  it('holds who, what, under which rules, on what it rested, and where it stood', () => {
    const leaf = leafOf(source(), proposal, context);
    expect(leaf).toMatchObject({
      agent: 'payer', tool: 'payments.transfer', position: 7, rested: { agent: 3, tool: 2 }, retention: 'long',
      decision: { decision: 'step_up', tier: 3, policy: 'p-2026-11-20', rules: ['money.large'], round: 1, observed: false },
      oversight: [{ event: 'asked', who: null, saw: digest }],
    });
    expect(validateAuditLeaf(leaf)).toBe(true);
  });

  it('has no word of what was proposed: neither arguments nor reason nor people by name', () => {
    const told = { ...proposal, message: { ...proposal.message, reason: 'SECRET words', arguments: { to: 'SECRET-IBAN' } }, resolved: { approval: 'a', action: 'x', answers: 1, digest, resolution: 'approved', votes: [{ person: 'SECRET', vote: 'approve', jws: 'x' }] } };
    const leaf = leafOf(source(), told, context);
    expect(JSON.stringify(leaf)).not.toContain('SECRET');
    expect(leaf.oversight[0]).toEqual({ event: 'voted', who: 'p-6', at: proposal.now, said: 'approve', saw: digest });
  });

  it('says what a vote rested on, and which permissions a run began with', () => {
    expect(leafOf(source({ topic: 'approvals.events.v1' }), event({ vote: { person: 'tess', vote: 'deny', jws: 'x' } }), context)).toMatchObject({ stream: 'approval-1', retention: 'long', oversight: [{ event: 'voted', who: 'p-4', said: 'deny', saw: digest }] });
    expect(leafOf(source(), example<GovernedStarted>('GovernedStarted'), context).permissions).toBe(digest);
  });

  it('names a person\'s stream by pseudonym', () => {
    expect(leafOf(source({ topic: 'registry.events.v1' }), event({}, { stream: 'person:tess', type: 'person.enrolled', by: 'operator' }), context).stream).toBe('person:p-4');
  });

  it('finds everybody whom a record names', () => {
    const named = { ...proposal, decision: { ...proposal.decision, approval: { ...proposal.decision.approval, requesters: ['ann'] } }, resolved: { votes: [{ person: 'tess', vote: 'approve' }], digest } };
    expect([...peopleIn(named)].sort()).toEqual(['ann', 'tess']);
  });

  it.each([['2026-11-01T02:27:00.005Z', 20_000], ['2026-11-01T02:26:20.005Z', -20_000], ['2026-11-01T02:26:45.000Z', null], ['yesterday', null]])('compares both clocks: %s is off by %s', (said, skew) => {
    const { headers } = source();
    expect(leafOf(source({ headers: { ...headers, ce_time: said } }), proposal, context).skew).toBe(skew);
  });

  it('believes nothing that a dead letter says of itself', () => {
    expect(leafOf(source({ topic: 'runs.inbox-dead.v1' }), proposal, context)).toMatchObject({ type: 'countersign.audit.rejected.v1', run: null, agent: null, decision: null, oversight: [], retention: 'short' });
  });

  it('comes out of anything, small and in its schema', () => {
    const evil = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.constant('\u0000'.repeat(500)), fc.constant('x'.repeat(500)), fc.integer(), fc.constant(null), fc.double());
    const member = fc.constantFrom('kind', 'run', 'agent', 'action', 'tool', 'decision', 'rules', 'votes', 'resolved', 'data', 'question', 'stream', 'type', 'by', 'at', 'now', 'op', 'position', 'snapshots', 'tier', 'policyVersion', 'id', 'person', 'approval', 'digest', 'message', 'token', 'scope', 'owner');
    const { body } = fc.letrec((tie) => ({ body: fc.oneof({ maxDepth: 5 }, evil, fc.constantFrom('action.decided', 'run.halted', 'action.outcome'), fc.array(tie('body'), { maxLength: 40 }), fc.dictionary(member, tie('body'), { maxKeys: 12 })) }));
    fc.assert(fc.property(body, fc.dictionary(fc.constantFrom('ce_id', 'ce_type', 'ce_time', 'tenant', 'traceparent'), fc.string({ unit: 'binary', maxLength: 600 })), fc.constantFrom('runs.governed.v1', 'runs.inbox-dead.v1', 'registry.agents.v1'), (value, headers, topic) => {
      const leaf = leafOf(source({ topic, headers }), value, context);
      expect(Buffer.byteLength(JSON.stringify(leaf))).toBeLessThanOrEqual(maxLeafBytes);
      expect(validateAuditLeaf(leaf)).toBe(true);
    }), { seed: 7, numRuns: 150 });
  });

  it('stays below its limit at its fullest', () => {
    const id = 'x'.repeat(128);
    const full = { ...proposal, run: id, agent: id, action: id, tool: id, stream: 'x'.repeat(160), decision: { ...proposal.decision, policyVersion: id, rules: Array.from({ length: 200 }, () => ({ id: 'x'.repeat(96) })) }, resolved: { digest, votes: Array.from({ length: 50 }, () => ({ person: 'tess', vote: 'approve' })) } };
    const leaf = leafOf(source({ headers: { ce_id: id, ce_type: id, tenant: id } }), full, { ...context, pseudonym: () => 'p-'.padEnd(24, 'x') });
    expect(leaf.oversight).toHaveLength(8);
    expect(Buffer.byteLength(JSON.stringify(leaf))).toBeLessThanOrEqual(maxLeafBytes);
  });
});
