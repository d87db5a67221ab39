import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import { proposed, scene, started, world } from '../core/scene.fixture.ts';
import type { FromRuntime } from '../core/commands.ts';
import type { World } from '../core/world.ts';
import { createDesk } from './desk.ts';
import type { ProcessorPorts } from './ports.ts';
import { createProcessor } from './processor.ts';

interface Arrived { readonly offset: bigint; readonly partition: number; readonly command: FromRuntime }

/** A partition with a run under way; `onTurn` is what arrives while the process listens, which it does before each message. */
const partition = (at: (of?: World) => World, onTurn: (turns: number) => void, over: Partial<ProcessorPorts<Arrived, GovernedRecord | null>> = {}) => {
  const s = scene();
  s.tell(s.message(started));
  let time = 0, turns = 0;
  const handle = createProcessor<Arrived, GovernedRecord | null>({
    tenant: 'acme', clock: () => world().now, world: (_, of) => at(of), desk: createDesk(1, () => time++, async () => { onTurn(++turns); }), live: async () => undefined, isLive: () => true,
    verify: ({ command }) => ({ status: 'proved', command }), sign: (claims) => claims.map(() => 'grant'),
    governed: (record) => record, reply: () => null, deadLetter: () => null, traced: (traceparent, work) => work(traceparent), ...over,
  }, 0, s.state, new AbortController().signal);
  const proposals = Array.from({ length: 5 }, (_, n) => n + 1).reduce<FromRuntime[]>((before, n) => [...before, s.message(proposed(n, 'tier1'), { seq: n, hash: `h${n}`, ...(before.length > 0 && { prev: before.at(-1)!.hash }) })], []);
  return { handle, batch: proposals.map((command, n): Arrived => ({ offset: BigInt(n), partition: 0, command })) };
};
const decisions = (written: readonly (GovernedRecord | null)[]) => written.flatMap((one) => (one?.kind === 'action.decided' ? [[one.decision.decision, one.decision.code, one.snapshots.halts, one.decision.policyVersion]] : []));

describe('a batch that is being worked at', () => {
  it('obeys a halt from the moment it is heard: what was decided before stands, the rest is denied and says which halts it was judged by', async () => {
    // given five proposals in one batch, and a halt that arrives before the third is looked at
    let halted = false;
    const stops = () => ({ halt: () => (halted ? 'h1' : null), haltsVersion: halted ? 2 : 1 });
    const { handle, batch } = partition((of) => (of === undefined ? world(stops()) : { ...of, ...stops() }), (turns) => { halted ||= turns === 3; });
    // when it is handled
    const written = await handle(batch);
    // then
    expect(decisions(written)).toEqual([['allow', null, 1, 'p1'], ['allow', null, 1, 'p1'], ['deny', 'halted', 2, 'p1'], ['deny', 'halted', 2, 'p1'], ['deny', 'halted', 2, 'p1']]);
  });

  it('is judged by the rules in force when it got the desk, all of it, however long it takes', async () => {
    let version = 'p1';
    const { handle, batch } = partition((of) => of ?? world({ policyVersion: version }), () => { version = 'p2'; });
    expect(new Set(decisions(await handle(batch)).map(([, , , by]) => by))).toEqual(new Set(['p1']));
  });

  it('waits for snapshots that went stale while others had the desk, away from the desk', async () => {
    let stale = true;
    const waits: string[] = [];
    const { handle, batch } = partition((of) => of ?? world(), () => undefined, { isLive: () => !stale, live: async () => { waits.push('waits'); if (waits.length === 2) stale = false; } });
    expect(decisions(await handle(batch))).toHaveLength(5);
    expect(waits).toEqual(['waits', 'waits']);
  });

  it('asks the ledger again where other rules came into force while it was asked', async () => {
    // given rules with a wider budget, and others that come into force meanwhile
    const first = world({ wider: { budgets: [], leased: () => 0, money: () => null } }), { judge, wider } = first;
    let now: World = first;
    const asked: string[] = [];
    const other = { ...first, policyVersion: 'p2', judge: ((question) => judge(question)) as World['judge'], wider: wider! };
    const { handle, batch } = partition((of) => of ?? now, () => undefined, { leasing: { before: async (_, __, under) => { asked.push(under.policyVersion); now = other; return under; } } });
    // then the batch is decided by the rules that it has leases for
    expect(new Set(decisions(await handle(batch)).map(([, , , by]) => by))).toEqual(new Set(['p2']));
    expect(asked).toEqual(['p1', 'p2']);
  });
});
