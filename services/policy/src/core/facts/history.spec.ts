import { describe, expect, it } from '@jest/globals';
import { noPast, proposedAct, remember } from '../past.ts';
import type { Past } from '../past.ts';
import { compileBundle, compileTool } from '../rules/compile.ts';
import { evaluateRules } from '../rules/evaluate.ts';
import { emptyContext, withInstruction } from './context.ts';
import { deriveFacts } from './derive.ts';

const tool = (name: string, change: object = {}) => compileTool({ tool: name, tenant: 'acme', version: 1, system: 's', title: '', schema: {}, consequential: true, reversible: true, compensator: null, dataClasses: ['financial'], enforcement: 'brokered', audience: 's', facts: { target: '[args.to]', acts: '["pay"]' }, resultTrust: 'record', resultFields: {}, definition: '', ...change } as never);
const agent = { agent: 'a', roles: [], environment: 'test', ceiling: 2, runtimeTrusted: false } as never;
const bundle = (when: string, extra: object = {}) => compileBundle({ version: '1', permit: ['*'], rules: [{ id: 'r', owner: 'o', rationale: 'r', tools: ['*'], when, tier: 3 }], ...extra });
const judge = (compiled: ReturnType<typeof compileBundle>, past: Past, { of = tool('pay.send'), to = 'anna', now = 100_000, dataTouched = [] as string[], round = 1 } = {}) => {
  const { facts, failed } = deriveFacts({
    proposal: { arguments: { to } } as never, tool: of, agent, level: 'normal', approval: null, now, round, context: compiled.index(of.name).context,
    run: { instruction: { text: '', attestedBy: null }, context: withInstruction(emptyContext, 'pay anna'), calls: 0, spend: null, denies: 0, dataTouched, counts: new Map(), past },
  });
  return { facts, failed, tier: evaluateRules(compiled, of, facts, failed).tier };
};
const valueOf = (name: string, past: Past, options: Parameters<typeof judge>[2] = {}, extra: object = {}): unknown => judge(bundle(`dyn(${name}) == null`, extra), past, options).facts[name]?.value;
const did = (...names: string[]): Past => {
  const past = noPast(40_000, 1);
  names.forEach((name, i) => remember(past, name, 50_000 + i * 1_000, false, judge(bundle('true'), noPast(), { of: tool(name) }).facts, null));
  return past;
};

describe('facts about the past of a run', () => {
  it('are made for the tools whose rules read them, and for no other', () => {
    const compiled = bundle('run.consequential > 3');
    expect(Object.keys(judge(compiled, noPast()).facts)).toContain('run.consequential');
    expect(Object.keys(judge(bundle('run.calls > 3'), noPast()).facts).filter((name) => ['run.consequential', 'run.drift', 'act.distance'].includes(name))).toEqual([]);
  });

  it('say what the run did: which tools, the latest, how long, through whom', () => {
    const past = did('pay.list', 'mail.send');
    remember(past, 'pay.forbidden', 60_000, true, {}, null);
    expect([valueOf('run.tools', past), valueOf('run.previous', past), valueOf('run.seconds', past), valueOf('run.depth', past), valueOf('run.consequential', past)]).toEqual([['pay.list', 'mail.send'], 'mail.send', 60, 1, 2]);
    expect(valueOf('run.previous', noPast())).toBe('');
  });

  it('let rules ask for windows and sequences by the names the bundle gave them', () => {
    const context = { mails: { count: { tools: ['mail.*'] }, within: '5s' }, readSecret: { happened: { tools: ['vault.read'] } }, listedSincePaying: { happened: { tools: ['pay.list'] }, since: { tools: ['pay.send'] } } };
    const asked = (when: string, past: Past, now = 53_000) => judge(bundle(when, { context }), past, { now }).tier;
    expect(asked('context.mails >= 2', did('mail.send', 'mail.send'))).toBe(3);
    expect(asked('context.mails >= 2', did('mail.send', 'mail.send'), 99_000)).toBe(2);
    expect(asked('context.readSecret', did('vault.read', 'web.get'))).toBe(3);
    expect(asked('!context.listedSincePaying', did('pay.list', 'pay.send'))).toBe(3);
    expect(asked('!context.listedSincePaying', did('pay.send', 'pay.list'))).toBe(2);
    expect(asked('["x"].exists(t, t in run.tools)', did('x'))).toBe(3);
    // The interpreter sees the same facts.
    expect(asked('run.previous.matches("^mail[.]")', did('mail.send'))).toBe(3);
  });

  it('raise where the past cannot answer', () => {
    const past = did('pay.send');
    remember(past, 'pay.send', 60_000, false, {}, { minor: 5, currency: 'USD' });
    const { tier, failed } = judge(bundle('context.paid > 100', { context: { paid: { sum: {}, currency: 'EUR' } } }), past);
    expect([tier, failed]).toEqual([3, [{ fact: 'context.paid', why: 'an act was in USD, not in EUR', byArguments: false }]]);
  });

  it('rank sensitivity, and take the highest where nobody said', () => {
    const sensitivity = ['public', 'personal', 'secret'];
    const rank = (dataClasses: string[]) => valueOf('tool.sensitivity', noPast(), { of: tool('t', { dataClasses }) }, { sensitivity });
    expect([rank(['public']), rank(['public', 'personal']), rank(['never heard of']), rank([])]).toEqual([1, 2, 3, 3]);
    const run = (past: Past, dataTouched: string[]) => valueOf('run.sensitivity', past, { dataTouched }, { sensitivity });
    expect([run(noPast(), []), run(noPast(), ['public'])]).toEqual([0, 1]);
    const past = noPast();
    remember(past, 'gone', 1, false, {}, null);
    expect(run(past, ['public'])).toBe(3);
  });

  it('measure the distance of an act to the instruction, and the drift of the run', () => {
    expect([valueOf('act.distance', noPast()), valueOf('act.distance', noPast(), { to: 'eve' }), valueOf('act.distance', noPast(), { of: tool('x', { facts: { target: '[args.to]', acts: '["delet"]' } }), to: 'eve' })]).toEqual([0, 40, 80]);
    const past = noPast();
    const strange = judge(bundle('true'), past, { to: 'eve' }).facts;
    for (let i = 0; i < 3; i++) proposedAct(past, strange);
    expect(past.drift).toBeCloseTo(40 * (1 - 0.75 ** 3), 6);
    expect([valueOf('run.drift', past), valueOf('run.drift', past, { to: 'eve' }), valueOf('run.drift', past, { round: 2 })]).toEqual([17, 27, 23]);
  });

  it.each([
    ['a name nobody declared', 'context.none > 1', {}, /unknown name context/],
    ['sensitivity without an order of data classes', 'run.sensitivity > 1', {}, /unknown name run/],
    ['two questions in one', 'true', { context: { a: { count: {}, sum: {} } } }, /exactly one of/],
    ['a sum without its currency', 'true', { context: { a: { sum: {} } } }, /context\.a\.currency/],
    ['a window that is none', 'true', { context: { a: { count: {}, within: 'soon' } } }, /context\.a\.within/],
    ['a field with a slip of the pen', 'true', { context: { a: { count: { tool: ['x'] } } } }, /context\.a\.count\.tool/],
  ])('are refused with the bundle: %s', (_, when, extra, why) => expect(() => bundle(when, extra)).toThrow(why));
});
