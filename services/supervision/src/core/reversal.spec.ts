import { describe, expect, it } from '@jest/globals';
import type { Json, JsonObject, ToolSnapshot } from '@countersign/contracts';
import fc from 'fast-check';
import { compensation, mayBegin, mayReverse, reversalMoves, standing } from './reversal.ts';
import type { Ran, Reversal, ReversalStatus } from './reversal.ts';

const tool = (name: string, compensator: string | null, names: readonly string[], more: Partial<ToolSnapshot> = {}) => ({ tool: name, compensator, schema: { type: 'object', properties: Object.fromEntries(names.map((one) => [one, {}])), required: names }, resultTrust: 'record', resultFields: {}, ...more }) as unknown as ToolSnapshot;
const schedule = tool('pay.schedule', 'pay.withdraw', ['to', 'minor']), withdraw = tool('pay.withdraw', 'pay.schedule', ['payment']);
const ran: Ran = { run: 'r', action: 'a', agent: 'payer', tool: 'pay.schedule', status: 'finished', tier: 2, grantedAt: 10, reversibleUntil: 100, outcome: 'succeeded', arguments: { to: 'x', minor: 5 }, result: '{"payment":"p-7"}' };
const parse = (text: string): Json | undefined => { try { return JSON.parse(text) as Json; } catch { return undefined; } };
const code = (answer: { readonly status: string; readonly code?: string }) => answer.code ?? answer.status;

describe('taking back what was done', () => {
  it.each<[string, Partial<Ran>, ReversalStatus | undefined, number, string]>([
    ['in time', {}, undefined, 100, 'ok'], ['too late', {}, undefined, 101, 'reversal_over'], ['without a window', { reversibleUntil: null }, undefined, 1, 'reversal_over'], ['what was never granted', { grantedAt: null }, undefined, 1, 'not_reversible'],
    ['twice', {}, 'reversed', 1, 'conflict'], ['while it is under way', {}, 'executing', 1, 'conflict'], ['of which nobody knows what came', {}, 'unknown', 1, 'conflict'], ['again after it failed', {}, 'failed', 1, 'ok'],
  ])('%s', (_, change, before, now, expected) => expect(code(mayReverse({ ...ran, ...change }, schedule, before, now))).toBe(expected));
  it('needs a compensator', () => expect(code(mayReverse(ran, { ...schedule, compensator: null }, undefined, 1))).toBe('not_reversible'));

  it.each<[Partial<Ran>, string]>([[{ status: 'claimed', outcome: null }, 'wait'], [{ status: 'unknown', outcome: 'unknown' }, 'wait'], [{ outcome: 'failed' }, 'nothing'], [{ outcome: 'partial' }, 'ran'], [{ status: 'cancelled', outcome: null }, 'nothing'], [{ status: 'cancelled', outcome: 'succeeded' }, 'ran']])('with %j it is %s', (change, expected) => expect(standing({ ...ran, ...change })).toBe(expected));

  it('calls the compensator with what the action was called with or its tool returned, never with what strangers wrote', () => {
    expect(compensation(ran, schedule, withdraw, null, parse)).toEqual({ status: 'ok', arguments: { payment: 'p-7' } });
    expect(code(compensation(ran, { ...schedule, resultFields: { payment: 'third_party' } } as unknown as ToolSnapshot, withdraw, null, parse))).toBe('reversal_arguments');
    expect(code(compensation({ ...ran, result: 'no json' }, schedule, withdraw, null, parse))).toBe('reversal_arguments');
    expect(compensation({ ...ran, result: null }, schedule, withdraw, { payment: 'p-8' }, parse)).toMatchObject({ arguments: { payment: 'p-8' } });
    expect(code(compensation(ran, schedule, withdraw, { other: 1 }, parse))).toBe('reversal_arguments');
  });
  it('asks a person where a tool takes back itself', () => {
    const own = tool('note.write', 'note.write', ['note', 'text']);
    const wrote: Ran = { ...ran, tool: 'note.write', arguments: { note: '1', text: 'new' } as JsonObject };
    expect(code(compensation(wrote, own, own, null, parse))).toBe('reversal_arguments');
    expect(compensation(wrote, own, own, { text: 'old' }, parse)).toMatchObject({ arguments: { note: '1', text: 'old' } });
  });

  it('goes backwards, one after the other, and stops at what is not settled; nothing is done twice', () => fc.assert(fc.property(fc.array(fc.constantFrom('works', 'fails', 'is lost'), { minLength: 1, maxLength: 8 }), (fates) => {
    let all: readonly Reversal[] = fates.map((_, n) => ({ run: 'r', action: `a${n}`, status: 'requested' as ReversalStatus, grantedAt: n }));
    const executed: string[] = [];
    const move = (action: string, status: ReversalStatus): void => {
      expect(reversalMoves[status]).toContain(all.find((one) => one.action === action)!.status);
      all = all.map((one) => (one.action === action ? { ...one, status } : one));
    };
    for (let [next] = mayBegin(all); next !== undefined; [next] = mayBegin(all)) {
      const { action } = next, fate = fates[Number(action.slice(1))]!;
      move(action, 'proposed');
      if (fate === 'fails') { move(action, 'failed'); continue; }
      move(action, 'executing');
      executed.push(action);
      move(action, fate === 'works' ? 'reversed' : 'unknown');
    }
    const stoppedAt = fates.findLastIndex((fate) => fate !== 'works');
    const expected = fates.map((_, n) => `a${n}`).reverse().slice(0, stoppedAt === -1 ? fates.length : fates.length - 1 - stoppedAt + (fates[stoppedAt] === 'is lost' ? 1 : 0));
    expect(executed).toEqual(expected);
  }), { seed: 11, numRuns: 300 }));
});
