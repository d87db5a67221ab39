import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import type { JsonObject } from '@countersign/contracts';
import fc from 'fast-check';
import { applyRewrites } from './modify.ts';
import { redactText } from './redact.ts';
import { stricterOf } from './stricter.ts';
import { actionId, outcomeOf, proposed, resolvedFor, runId, scene, started, vote, world } from './scene.fixture.ts';
import type { Rewrite, Verdict, World } from './world.ts';

const digest = (value: unknown): string => `d(${JSON.stringify(value)})`;
const apply = (args: JsonObject, ...rewrites: Omit<Rewrite, 'rule'>[]) => applyRewrites(args, rewrites.map((one, i) => ({ ...one, rule: `r${i}` })), digest);
const set = (path: string, value: Rewrite['value']) => ({ path, value });
const take = (path: string, redact: NonNullable<Rewrite['redact']>) => ({ path, value: '[redacted]', redact });

describe('rewriting arguments', () => {
  it('changes a copy, at any depth, and says by which rules, from what and to what', () => {
    const args = { payment: { minor: 900, memo: 'x' }, to: 'a' };
    expect(apply(args, set('args.payment.minor', 500))).toEqual({ ok: true, arguments: { payment: { minor: 500, memo: 'x' }, to: 'a' }, changes: [{ path: '/payment/minor', rules: ['r0'], before: 'd(900)', after: 500 }] });
    expect(args.payment.minor).toBe(900);
    expect(apply(args, set('args.copy', 'audit'))).toMatchObject({ arguments: { copy: 'audit' }, changes: [{ path: '/copy', before: null, after: 'audit' }] });
  });
  it('is no change where it is so already', () => expect(apply({ a: { b: [1, 2] } }, set('args.a.b', [1, 2]))).toMatchObject({ ok: true, changes: [] }));
  it('cannot put anything into what is no object, nor walk what an object did not get itself', () => {
    for (const path of ['args.to.iban', 'args.list.0', 'args.none.memo', 'args.constructor.name', 'args.toString.call', 'args']) expect(apply({ to: 'x', list: ['y'] }, set(path, 1))).toMatchObject({ ok: false });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const own = apply({}, set('args.__proto__', { polluted: true }));
    expect(own.ok && Object.getPrototypeOf(own.arguments)).toBe(Object.prototype);
  });
  it('takes things out of every text below a path, after values were set, and leaves alone what is not there', () => {
    expect(apply({ note: { lines: ['ask ann@x.example', 7] } }, take('args.note', 'emails'))).toMatchObject({ arguments: { note: { lines: ['ask [e-mail removed]', 7] } } });
    expect(apply({ a: 'old' }, take('args.a', 'digits'), set('args.a', 'call 123'))).toMatchObject({ arguments: { a: 'call ###' }, changes: [{ rules: ['r0', 'r1'] }] });
    expect(apply({ a: 1 }, take('args.b', 'all'), take('args.c', 'emails'))).toMatchObject({ ok: true, arguments: { a: 1 }, changes: [] });
    expect(apply({ a: 'secret' }, take('args.a', 'all'))).toMatchObject({ arguments: { a: '[redacted]' } });
  });
  it('is bounded', () => expect(apply({ a: '' }, set('args.a', 'ü'.repeat(20_000)))).toMatchObject({ ok: false, why: expect.stringContaining('bytes') }));
});

describe('redaction', () => {
  it.each<[Parameters<typeof redactText>[1], string, string]>([
    ['emails', 'Write to Ann <ann.b+x@mail.example.com>, or bob@y.z.', 'Write to Ann <[e-mail removed]>, or [e-mail removed].'],
    ['emails', 'not @home, nor a@b', 'not @home, nor a@b'],
    ['emails', 'Write to bob＠evil.example or eve@evil。example.', 'Write to [e-mail removed] or [e-mail removed].'],
    ['links', 'see evil.example, (more.example/x?y) and ftp://a.example; not notes.md, v1.2 or e.g. this', 'see [link removed], ([link removed]) and [link removed]; not notes.md, v1.2 or e.g. this'],
    ['links', 'see https://evil.example/x?y and www.more.example', 'see [link removed] and [link removed]'],
    ['accounts', 'pay DE89370400440532013000 or DE89 3704 0044 0532 0130 00 today', 'pay [account removed] or [account removed] today'],
    ['accounts', 'pay de89 3704-0044 0532 013000 now, DE 89 is a road, RE20 microphones are good, XX11 mikes DE89 3704 0044 0532 0130 00', 'pay [account removed] now, DE 89 is a road, RE20 microphones are good, XX11 mikes [account removed]'],
    ['digits', 'card 4111 1111, ٣', 'card #### ####, #'],
  ])('of %s', (what, from, to) => expect(redactText(from, what)).toBe(to));
  it('twice is once', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', '@', '.', '1', ' ', 'DE89370400440532013000', 'https://', 'x@y.z', 'evil.example', 'DE89 3704 0044 0532 0130 00', 'XX11 ', '＠') });
    fc.assert(fc.property(texts, fc.constantFrom('emails' as const, 'links' as const, 'accounts' as const, 'digits' as const), (from, what) => expect(redactText(redactText(from, what), what)).toBe(redactText(from, what))), { seed: 4, numRuns: 500 });
  });
  it('takes no longer for what was written to take long', () => {
    const before = cpuMs();
    for (const evil of ['a'.repeat(100_000), '@a'.repeat(50_000), 'a@'.repeat(50_000), 'DE89 '.repeat(20_000), 'www.'.repeat(25_000), 'AB12 '.repeat(4_000), 'AB12'.repeat(5_000), '＠a.b'.repeat(5_000)]) for (const what of ['emails', 'links', 'accounts', 'digits'] as const) redactText(evil, what);
    expect(cpuMs() - before).toBeLessThan(2_000);
  });
});

describe('the stricter of two verdicts', () => {
  const verdict = fc.record({ decision: fc.constantFrom<Verdict['decision']>('allow', 'modify', 'step_up', 'defer', 'deny'), tier: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const), quorum: fc.integer({ min: 1, max: 3 }) }).map(({ decision, tier, quorum }): Verdict => ({
    decision, tier, code: null, rules: [], approval: decision === 'step_up' ? { route: ['a'], quorum, expiresInMs: 1_000 * quorum } : null, modify: decision === 'modify' ? [{ path: 'args.a', value: 1, rule: 'r' }] : null,
  }));
  const weight = ({ decision, tier }: Verdict): number => (decision === 'deny' ? 100 : decision === 'defer' ? 35 : tier * 10);
  it('is never looser than either, and keeps what both demand', () => fc.assert(fc.property(verdict, verdict, (a, b) => {
    const both = stricterOf(a, b);
    expect(weight(both)).toBeGreaterThanOrEqual(Math.max(weight(a), weight(b)));
    expect(both.tier).toBe(Math.max(a.tier, b.tier));
    if (a.approval !== null && b.approval !== null) expect(both.approval).toMatchObject({ quorum: Math.max(a.approval.quorum, b.approval.quorum), expiresInMs: Math.min(a.approval.expiresInMs, b.approval.expiresInMs) });
    if (both.decision === 'allow') expect([a.decision, b.decision]).not.toContain('modify');
  }), { seed: 3, numRuns: 500 }));
});

describe('an action with changed arguments', () => {
  const opened = () => {
    const s = scene();
    s.tell(s.message(started));
    return s;
  };
  const text = 'ask ann@x.example', clean = 'ask [e-mail removed]';

  it('is granted for the changed bytes; the agent is told what changed and no rule; the record has both', () => {
    const s = opened();
    const draft = s.tell(s.message(proposed(1, 'note', { text })));
    expect(draft.replies[0]).toMatchObject({ decision: 'modify', code: 'ok', arguments: { text: clean }, changes: [{ path: '/text', after: clean }] });
    expect(JSON.stringify(draft.replies[0])).not.toContain('no-addresses');
    expect(draft.records[0]).toMatchObject({ message: { arguments: { text } }, modified: { arguments: { text: clean }, changes: [{ rules: ['no-addresses'] }], proposedFacts: { amount: { value: null } } } });
    expect(draft.grants[0]!.claims.args).toBe(`digest:${JSON.stringify({ text: clean })}`);
    s.tell(s.message(outcomeOf(1)));
    expect(s.state.runs.get(runId)!.actions.get(actionId(1))).toMatchObject({ status: 'finished', outcome: 'succeeded' });
  });

  it('is plainly allowed where there is nothing to change', () => {
    const s = opened();
    const draft = s.tell(s.message(proposed(1, 'note', { text: clean })));
    expect(draft.replies[0]).toMatchObject({ decision: 'allow', arguments: null });
    expect(draft.records[0]).not.toHaveProperty('modified');
  });

  it('is for people still where only the change would let it run by itself: a change never loosens', () => {
    const s = opened();
    const harmless = (args: Record<string, unknown>) => !String(args['text']).includes('@');
    const judge: World['judge'] = (question) => world().judge({ ...question, proposal: { ...question.proposal, tool: harmless(question.proposal.arguments) ? 'read' : 'memo' } });
    const draft = s.tell(s.message(proposed(1, 'note', { text })), { judge });
    expect(draft.replies[0]).toMatchObject({ decision: 'step_up', tier: 3, grant: null });
    expect(draft.records[0]).toMatchObject({ modified: { arguments: { text: clean } }, decision: { approval: { route: ['controller'] } } });
    expect(draft.grants).toHaveLength(0);
  });

  it('is denied where the change does not fit the tool, or would be changed again', () => {
    const s = opened();
    const fault = (_tool: unknown, args: unknown) => (JSON.stringify(args).includes('removed') ? 'no brackets here' : null);
    expect(s.tell(s.message(proposed(1, 'note', { text })), { argumentsFault: fault }).replies[0]).toMatchObject({ decision: 'deny', code: 'rewrite_invalid', grant: null });
    expect(s.tell(s.message(proposed(2, 'odd', { text: 'x' }))).replies[0]).toMatchObject({ decision: 'deny', code: 'rewrite_unstable', grant: null });
    expect(s.state.runs.get(runId)!.denies).toBe(0);
  });

  it('is shown to people as it would run, and their answer holds for nothing else', () => {
    const s = opened();
    const asked = s.tell(s.message(proposed(1, 'memo', { text })));
    expect(asked.replies[0]).toMatchObject({ decision: 'step_up', arguments: null });
    expect(asked.records[0]).toMatchObject({ modified: { arguments: { text: clean } } });
    const approved = resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]);
    // The tool's definition changed since people looked: they are asked again.
    const tools = (name: string) => { const tool = s.tool(name)!; return { ...tool, snapshot: { ...tool.snapshot, definition: 'another' } }; };
    expect(s.hear(approved, { tool: tools }).replies[0]).toMatchObject({ decision: 'step_up', round: 2 });
    const again = resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]);
    expect(s.hear(again, { tool: tools }).replies[0]).toMatchObject({ decision: 'modify', round: 3, arguments: { text: clean }, claim: true });
  });
});
