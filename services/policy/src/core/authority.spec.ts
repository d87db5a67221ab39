import { describe, expect, it } from '@jest/globals';
import type { ActionOutcome } from '@countersign/contracts';
import type { RuntimeBody } from './commands.ts';
import { foldingWith, judgeWith } from './judge.ts';
import { compileBundle, compileTool } from './rules/compile.ts';
import { actionId, agent, proposal, resolvedFor, scene, vote } from './scene.fixture.ts';
import type { World } from './world.ts';

const payee = 'DE89370400440532013000';
const tools = new Map([['pay.transfer', { amount: 'args.minor', currency: 'args.currency' }], ['pay.instant', { amount: 'args.minor', currency: 'args.currency' }], ['mail.send', {}]].map(([name, facts]) => [name as string, compileTool({
  tool: name, tenant: 'acme', version: 1, system: 's', title: '', schema: {}, consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 's', facts: { target: 'args.to', ...facts as object }, resultTrust: 'record', resultFields: {}, definition: '',
} as never)]));
const bundle = compileBundle({ version: 'p1', permit: ['*'], rules: [], approval: { route: ['controller'], quorum: 1, expiresIn: '1h' } });

/** A run under an attested instruction, judged by the real rules; `vouched`: the agent's owner vouches for its runtime. */
const instructed = (text = `Pay 4800.00 EUR to ${payee}`, vouched = true) => {
  const play = scene();
  const folding = foldingWith((name) => tools.get(name));
  const over = { folding, tool: folding.tool, judge: judgeWith(bundle), agent: () => ({ ...agent, runtimeTrusted: vouched, limits: { calls: 100, money: null } }) } as unknown as Partial<World>;
  const tell = (body: RuntimeBody) => play.tell(play.message(body), over);
  tell({ kind: 'started', message: { instruction: { text, attestation: null }, traceId: null }, attestedBy: 'paul' });
  const pay = (n: number, { tool = 'pay.transfer', to = [payee], minor = 480_000, ...more }: Record<string, unknown> & { readonly tool?: string; readonly to?: string[]; readonly minor?: number } = {}) => {
    const [reply] = tell({ kind: 'proposed', message: proposal(n, tool, { to, minor, currency: 'EUR', reference: `Z-${n}`, ...more } as never) }).replies;
    return [reply!.decision, reply!.tier];
  };
  const ends = (n: number, status: ActionOutcome['status']) => tell({ kind: 'outcome', message: { action: actionId(n), status, result: null, error: null, cost: null, tokens: null, durationMs: 1 } });
  const hear = (n: number) => play.hear(resolvedFor(play, n, 'approved', [vote('carl', ['controller'])]), over).replies[0]!;
  return { pay, ends, hear, cancel: (n: number) => tell({ kind: 'cancel', message: { action: actionId(n), reason: 'no' } as never }), log: play.log };
};
const byItself = ['allow', 2], byPeople = ['step_up', 3];

describe('an attested instruction that names target and amount', () => {
  it('is carried out once: what would do the same again asks people, and runs when they say so', () => {
    // given a payment that the instruction names, under way
    const { pay, ends, hear, log } = instructed();
    expect(pay(1)).toEqual(byItself);
    // when it is proposed again, before and after its outcome
    expect(pay(2)).toEqual(byPeople);
    ends(1, 'succeeded');
    expect([pay(3), pay(4)]).toEqual([byPeople, byPeople]);
    // then people are told why, and theirs is the decision
    expect(log.at(-1)).toMatchObject({ facts: { 'act.repeated': { value: true, origin: 'derived' } }, decision: { rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:irreversible', reason: expect.stringContaining('done it already') })]) } });
    expect(hear(4)).toMatchObject({ decision: 'allow', tier: 3 });
  });

  it.each<[string, Record<string, unknown>]>([
    ['under another reference', { reference: 'other' }], ['in another currency', { currency: 'USD' }], ['with the account written otherwise', { to: ['de89 3704 0044 0532 0130 00'] }],
    ['to the payee twice', { to: [payee, payee] }],
  ])('is not used again %s', (_, change) => {
    const { pay } = instructed();
    expect(pay(1)).toEqual(byItself);
    expect(pay(2, change)).toEqual(byPeople);
  });

  it('is not used again one by one for those who were paid together, nor the other way round', () => {
    const two = `Pay 4800.00 EUR each to ${payee} and NL02ABNA0123456789`;
    const together = instructed(two);
    expect([together.pay(1, { to: [payee, 'NL02ABNA0123456789'] }), together.pay(2), together.pay(3, { to: ['NL02ABNA0123456789'] })]).toEqual([byItself, byPeople, byPeople]);
    const apart = instructed(two);
    expect([apart.pay(1), apart.pay(2, { to: ['NL02ABNA0123456789'] }), apart.pay(3, { to: [payee, 'NL02ABNA0123456789'] })]).toEqual([byItself, byItself, byPeople]);
  });

  it('holds for each act that it names', () => {
    const { pay } = instructed(`Pay 4800.00 EUR and 20.00 EUR to ${payee}, then write to bob@acme.example`);
    expect([pay(1), pay(2, { minor: 2_000 }), pay(3, { tool: 'pay.instant' })]).toEqual([byItself, byItself, byItself]);
    // Two mails to one address are two mails: nothing is counted out.
    const mail = { tool: 'mail.send', to: ['bob@acme.example'] };
    expect([pay(4, mail), pay(5, mail)]).toEqual([byItself, byItself]);
  });

  it.each(['failed', 'not_executed'] as const)('still stands where it did not happen: %s, says a runtime that its owner vouches for', (status) => {
    const { pay, ends } = instructed();
    expect(pay(1)).toEqual(byItself);
    ends(1, status);
    expect([pay(2), pay(3)]).toEqual([byItself, byPeople]);
  });

  it('still stands where people were asked, and it was cancelled before it was granted', () => {
    const { pay, cancel, ends } = instructed();
    expect([pay(1), pay(2)]).toEqual([byItself, byPeople]);
    cancel(2);
    ends(1, 'failed');
    expect(pay(3)).toEqual(byItself);
  });

  it.each<[string, boolean, (run: ReturnType<typeof instructed>) => unknown]>([
    ['nobody knows whether it happened', true, ({ ends }) => ends(1, 'unknown')], ['some of it happened', true, ({ ends }) => ends(1, 'partial')],
    ['a runtime that nobody vouches for says that it failed', false, ({ ends }) => ends(1, 'failed')], ['it was cancelled with its grant out', true, ({ cancel }) => cancel(1)],
  ])('is used up where %s', (_, vouched, then) => {
    const run = instructed(undefined, vouched);
    expect(run.pay(1)).toEqual(byItself);
    then(run);
    expect(run.pay(2)).toEqual(byPeople);
  });
});
