import { describe, expect, it } from '@jest/globals';
import type { HaltScope } from '@countersign/contracts';
import type { Playbook } from '../core/playbook.ts';
import { statusOf } from '../core/playbook-run.ts';
import { createIncidentSteps } from './incident-steps.ts';
import { createPlaybooks } from './playbooks.ts';
import { recordInMemory } from './streams.fixture.ts';

const people = { roles: ['supervisor'], quorum: 2 };
const book: Playbook = {
  name: 'odd', description: '', for: ['agent'], steps: [
    { id: 'stop', do: 'halt', people: null }, { id: 'picture', do: 'snapshot', people: null }, { id: 'away', do: 'revoke', people: null }, { id: 'ran', do: 'compensations', people: null, withinMs: 60_000 },
    { id: 'reads', do: 'resume', people, stage: 'reads', agents: null }, { id: 'reversible', do: 'resume', people: { ...people, quorum: 1 }, stage: 'reversible', agents: null }, { id: 'all', do: 'resume', people: { ...people, quorum: 1 }, stage: 'all', agents: null },
  ],
};
const scope: HaltScope = { kind: 'agent', id: 'clerk' };
const tools = [{ tool: 'desk.read', consequential: false, reversible: true, compensator: null }, { tool: 'desk.plan', consequential: true, reversible: true, compensator: 'desk.withdraw' }, { tool: 'desk.wipe', consequential: true, reversible: false, compensator: null }];

/** @param crash the step after whose work, and before it is written down, the process dies */
const world = (crash?: string) => {
  const record = recordInMemory();
  const ended: string[] = [], troubles: string[] = [];
  let missing: readonly string[] = [], dead = false;
  const streams = { ...record.streams, append: async (...args: Parameters<typeof record.streams.append>) => { if (!dead && args[2] === 'playbook_step_done' && (args[4] as { step: string }).step === crash) { dead = true; throw new Error('killed'); } return record.streams.append(...args); } };
  const start = () => createPlaybooks({
    streams, now: () => 1_000, onError: (error) => { troubles.push(error.message); },
    work: createIncidentSteps({
      book: record.book, tell: async () => undefined, tenant: 'acme', now: () => 1_000, tools: () => tools, tool: (name) => tools.find(({ tool }) => tool === name), missing: () => missing, may: () => null, points: () => 3,
      picture: async () => ({ runs: 1, waiting: 2, underWay: 0, unknown: 0, done: 3, reversals: 0, agents: ['clerk'], tools: ['desk.plan'] }), runs: async () => [{ run: 'r1', agent: 'clerk', status: 'running' }],
      ran: async () => [{ run: 'r1', action: 'a1', tool: 'desk.plan', reversibleUntil: 2_000, reversal: null }, { run: 'r1', action: 'a2', tool: 'desk.wipe', reversibleUntil: null, reversal: null }],
      terminate: async (run) => { ended.push(run); return 2; },
    }),
  });
  return { ...record, start, ended, troubles, lacks: (who: readonly string[]) => { missing = who; } };
};
const begin = (playbooks: ReturnType<ReturnType<typeof world>['start']>) => playbooks.start('p1', book, 'digest', scope, 'sam', 'odd');

describe('a playbook at work', () => {
  it('does what needs nobody, asks for the rest, and goes on in stages as people confirm', async () => {
    const w = world(), playbooks = w.start();
    const run = await begin(playbooks);
    expect(run.done.map(({ step }) => step)).toEqual(['stop', 'picture', 'away', 'ran']);
    expect(run.done[3]!.says).toContain('2 actions changed something; 1 can be taken back');
    expect(run.done[3]!.says).toContain('countersign reverse r1 a1 --reason TEXT   (desk.plan by desk.withdraw)');
    expect([statusOf(run), await w.standing(), w.ended]).toEqual(['waiting', ['playbook:p1'], ['r1']]);
    const confirm = (step: string, who: string, roles = ['supervisor']) => playbooks.confirm('p1', step, who, roles, 'jws');
    // Two different people, none of them who began it, each with the role.
    expect(await confirm('reads', 'sam')).toMatchObject({ code: 'forbidden' });
    expect(await confirm('reads', 'pia', ['purchasing'])).toMatchObject({ code: 'forbidden' });
    expect(await confirm('all', 'tara')).toMatchObject({ code: 'conflict' });
    expect(await confirm('reads', 'tara')).toMatchObject({ confirmed: { reads: ['tara'] } });
    expect(await confirm('reads', 'tara')).toMatchObject({ code: 'conflict' });
    expect(await w.standing()).toEqual(['playbook:p1']);
    await confirm('reads', 'noor');
    expect(w.notices.at(-2)).toMatchObject({ halt: 'stage:reads:1:playbook:p1', by: 'noor', except: { tools: ['desk.read'] } });
    expect(await w.standing()).toEqual(['stage:reads:1:playbook:p1']);
    await confirm('reversible', 'tara');
    expect(statusOf(await confirm('all', 'tara') as never)).toBe('done');
    expect(await w.standing()).toEqual([]);
  });

  it('a stage waits until every enforcement point has confirmed what holds', async () => {
    const w = world(), playbooks = w.start();
    await begin(playbooks);
    w.lacks(['guard/desk']);
    for (const who of ['tara', 'noor']) await playbooks.confirm('p1', 'reads', who, ['supervisor'], 'jws');
    expect(await w.standing()).toEqual(['playbook:p1']);
    w.lacks([]);
    await playbooks.sweep();
    expect(await w.standing()).toEqual(['stage:reads:1:playbook:p1']);
  });

  it.each(['stop', 'away', 'reads', 'all'])('killed between doing the step %s and writing it down, another goes on with it: nothing is done twice', async (crash) => {
    const w = world(crash), first = w.start();
    await begin(first);
    const second = w.start();
    for (let n = 0; n < 3; n++) await second.sweep();
    for (const [step, who] of [['reads', 'tara'], ['reads', 'noor'], ['reversible', 'tara'], ['all', 'tara']] as const) { await second.confirm('p1', step, who, ['supervisor'], 'jws'); await second.sweep(); }
    expect(statusOf((await second.find('p1'))!)).toBe('done');
    expect(w.kept.get('playbook/p1')!.flatMap(({ type, data }) => (type === 'playbook_step_done' ? [(data as { step: string }).step] : []))).toEqual(book.steps.map(({ id }) => id));
    expect(new Set(w.notices.map(({ halt, op }) => `${halt} ${op}`)).size).toBe(w.notices.length);
    expect([await w.standing(), w.troubles]).toEqual([[], ['killed']]);
  });

  it('a rehearsal says what each step would do and does none of it', async () => {
    const w = world();
    const said = await w.start().rehearse(book, scope);
    expect(said).toHaveLength(book.steps.length);
    expect(said[0]).toBe('would halt agent clerk; 3 enforcement points would have to confirm it');
    expect(said[4]).toBe('after 2 of supervisor confirmed it: would let go on: 1 tools (reads)');
    expect([w.notices, w.kept.size, w.ended]).toEqual([[], 0, []]);
  });

  it('abandoned, it stays where it is: what holds goes on holding', async () => {
    const w = world(), playbooks = w.start();
    await begin(playbooks);
    expect(statusOf(await playbooks.abandon('p1', 'tara', 'another way') as never)).toBe('abandoned');
    expect(await playbooks.confirm('p1', 'reads', 'tara', ['supervisor'], 'jws')).toMatchObject({ code: 'conflict' });
    expect(await w.standing()).toEqual(['playbook:p1']);
  });
});
