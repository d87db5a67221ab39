import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord, HaltNotice } from '@countersign/contracts';
import fc from 'fast-check';
import { cascade, revoke } from './cascade.ts';
import type { CascadePorts, Hanging } from './cascade.ts';
import type { RunCommand } from './ports.ts';

/** root ← top ← middle ← low, and what is remembered of them in memory. */
const chain = ['root', 'top', 'middle', 'low'] as const;
const ancestorsOf = (run: string) => chain.slice(0, chain.indexOf(run as never)).reverse().map((one) => ({ run: one, agent: `${one}-agent`, jkt: 'j' }));

const house = () => {
  const status = new Map<string, string>();
  const notices = new Map<string, HaltNotice>();
  const told: { run: string; word: string; body: object }[] = [];
  const cancelled = new Set<string>();
  const hanging = (run: string): Hanging => ({ run, agent: `${run}-agent`, parent: ancestorsOf(run)[0]!.run, action: `${run}-delegated`, ancestors: ancestorsOf(run) });
  const children = (): Hanging[] => chain.slice(1).filter((run) => status.has(run)).map(hanging);
  const inForce = (): HaltNotice[] => [...notices.values()].filter(({ halt, op }) => op === 'halt' && !notices.has(`${halt}:lift`));
  const ports: CascadePorts = {
    tenant: 'acme',
    book: { add: async (notice) => { if (!notices.has(`${notice.halt}:${notice.op}`)) notices.set(`${notice.halt}:${notice.op}`, notice); return { topic: true, database: true }; }, find: async (halt) => notices.get(`${halt}:halt`), inForce: async () => inForce() },
    tell: async (run: string, { word, body }: RunCommand) => { told.push({ run, word, body }); },
    store: { cancel: async ({ run }: { run: string }) => { const first = !cancelled.has(run); cancelled.add(run); return first; } } as never,
    delegations: {
      hangingOn: async (_, { kind, id }) => children().filter((one) => status.get(one.run) !== 'ended' && one.ancestors.some((above) => above[kind] === id)),
      childOf: async (run, action) => children().find((one) => one.parent === run && one.action === action),
      withChildren: async (runs) => new Set(children().flatMap((one) => one.ancestors.map(({ run }) => run)).filter((run) => runs.includes(run))),
      find: async (run) => children().find((one) => one.run === run),
      overAncestors: async ({ ancestors }) => ({ halts: inForce().filter(({ scope }) => ancestors.some(({ run }) => run === scope.id)), ended: ancestors.map(({ run }) => run).filter((run) => status.get(run) === 'ended') }),
      isCancelled: async () => false, openActions: async (run) => [`${run}-waits`],
    },
  };
  /** As supervision does: the row first, the halt in the book, then what hangs on it. */
  const hear = async (record: { readonly kind: string; readonly run: string; readonly halt?: string; readonly delegation?: object; readonly action?: string }): Promise<void> => {
    if (record.kind === 'run.started' && !status.has(record.run)) status.set(record.run, 'running');
    if (record.kind === 'run.ended') status.set(record.run, 'ended');
    if (record.kind === 'run.halted') await ports.book.add({ halt: record.halt!, op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'run', id: record.run }, by: 'sue', reason: 'r', at: 1 });
    if (record.kind === 'run.resumed') await ports.book.add({ halt: record.halt!, op: 'lift', mode: 'halt', tenant: 'acme', scope: { kind: 'run', id: record.run }, by: 'sue', reason: 'r', at: 1 });
    await cascade(ports, [{ tenant: 'acme', by: 'sue', reason: 'r', now: 1, agent: `${record.run}-agent`, ...record } as unknown as GovernedRecord]);
  };
  const stopped = (): string[] => chain.filter((run) => inForce().some(({ scope }) => scope.id === run));
  return { ports, hear, stopped, told, hanging };
};
const started = (run: string) => ({ kind: 'run.started', run, ...(run !== 'root' && { delegation: {} }) });
const halted = (run: string, halt = 'h1') => ({ kind: 'run.halted', run, halt });
const below = (run: string): string[] => chain.slice(chain.indexOf(run as never) + 1);

describe('what hangs on a run', () => {
  it('stops with it whatever came first and how often, and nothing above it does', () => fc.assert(fc.asyncProperty(
    fc.constantFrom('root', 'top', 'middle'), fc.constantFrom('halted', 'ended'), fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), fc.boolean(),
    async (run, how, order, twice) => {
      const { hear, stopped } = house();
      const all = [...chain.map(started), how === 'halted' ? halted(run) : { kind: 'run.ended', run }];
      const heard = order.map((i) => all[i]!);
      // The runs lie in different partitions; each one's own records come in order.
      if (heard.indexOf(all[4]!) < heard.indexOf(all[chain.indexOf(run as never)]!)) return;
      for (const one of twice ? [...heard, ...heard] : heard) await hear(one);
      expect(stopped().filter((one) => one !== run || how === 'ended')).toEqual(below(run));
    }), { numRuns: 300, seed: 5 }));

  it('goes on when what stopped it is lifted, and only then', async () => {
    const { hear, stopped } = house();
    for (const run of chain) await hear(started(run));
    await hear(halted('root', 'h1'));
    await hear(halted('top', 'h2'));
    await hear({ kind: 'run.resumed', run: 'root', halt: 'h1' });
    expect(stopped()).toEqual(['top', 'middle', 'low']);
    await hear({ kind: 'run.resumed', run: 'top', halt: 'h2' });
    expect(stopped()).toEqual([]);
  });

  it('stops for good when the middle link is taken back: what waits is cancelled once', async () => {
    const { hear, stopped, ports, hanging, told } = house();
    for (const run of chain) await hear(started(run));
    expect(await revoke(ports, hanging('middle'), 'olga', 'not any more', 1)).toBe('revoked:middle');
    await hear(halted('middle', 'revoked:middle'));
    await hear({ kind: 'run.resumed', run: 'root', halt: 'another' });
    expect(stopped()).toEqual(['middle', 'low']);
    expect(told.filter(({ word }) => word === 'cancelled').map(({ run }) => run)).toEqual(['middle', 'low']);
  });

  it('stops where the action that delegated is cancelled', async () => {
    const { hear, stopped } = house();
    for (const run of chain) await hear(started(run));
    await hear({ kind: 'action.cancelled', run: 'top', action: 'middle-delegated' });
    expect(stopped()).toEqual(['middle', 'low']);
  });

  it('tells the one that delegated how it ended, without a result that broke its schema', async () => {
    const { hear, told } = house();
    for (const run of chain) await hear(started(run));
    const delegation = { run: 'middle', action: 'low-delegated', spent: { calls: 2, money: null, tokens: 0 }, data: [], unclassified: false, result: { paid: -1 }, fault: 'must be >= 0' };
    await hear({ kind: 'run.ended', run: 'low', delegation });
    expect(told).toContainEqual({ run: 'middle', word: 'returned', body: expect.objectContaining({ child: 'low', result: null, fault: 'must be >= 0' }) });
  });
});
