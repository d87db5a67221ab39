import { describe, expect, it } from '@jest/globals';
import type { HaltNotice } from '@countersign/contracts';
import { recover, rootOf, stageOf } from './recovery.ts';
import type { RecoveryAsked } from './recovery.ts';

const tools = [{ tool: 'desk.read', consequential: false, reversible: true }, { tool: 'desk.write', consequential: true, reversible: true }, { tool: 'desk.wipe', consequential: true, reversible: false }];
const halted: HaltNotice = { halt: 'h1', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'tenant', id: 'acme' }, by: 'sam', reason: 'odd', at: 1 };
const ask = (stage: RecoveryAsked['stage'], agents: readonly string[] | null = null): RecoveryAsked => ({ stage, agents, by: 'tara', reason: 'explained', now: 2 });
const next = (from: HaltNotice, stage: RecoveryAsked['stage'], agents: readonly string[] | null = null, missing: readonly string[] = []) => { const answer = recover(from, tools, missing, ask(stage, agents)); return answer.status === 'ok' ? answer.step.next : answer.code; };

describe('taking a halt back in stages', () => {
  it('given a halt, reads go on first, then what can be taken back, then all: each stage names what is free, and goes back to the same halt', () => {
    const reads = next(halted, 'reads') as HaltNotice;
    expect(reads).toMatchObject({ halt: 'stage:reads:1:h1', scope: halted.scope, by: 'tara', except: { tools: ['desk.read'] } });
    const reversible = next(reads, 'reversible') as HaltNotice;
    expect(reversible).toMatchObject({ halt: 'stage:reversible:2:h1', except: { tools: ['desk.read', 'desk.write'] } });
    expect(next(reversible, 'all')).toBeNull();
    expect([rootOf(reversible.halt), stageOf(reversible.halt), stageOf('h1')]).toEqual(['h1', 'reversible', null]);
  });

  it('no stage is left out, none goes back, and none begins before everybody has confirmed the one before', () => {
    expect(next(halted, 'reversible')).toBe('conflict');
    expect(next(halted, 'all')).toBe('conflict');
    expect(next(next(halted, 'reads') as HaltNotice, 'reads')).toBe('conflict');
    expect(next(halted, 'reads', null, ['guard/desk'])).toBe('conflict');
  });

  it('some agents first: the stage is widened to all before the next, and the end is for all', () => {
    const one = next(halted, 'reads', ['payer']) as HaltNotice;
    expect(one.except).toEqual({ tools: ['desk.read'], agents: ['payer'] });
    expect((next(one, 'reads') as HaltNotice).except).toEqual({ tools: ['desk.read'] });
    const further = next(one, 'reversible', ['payer']) as HaltNotice;
    expect(next(further, 'all')).toBe('conflict');
    expect(next(next(further, 'reversible') as HaltNotice, 'all')).toBeNull();
  });

  it('a run is resumed and a pause is lifted: neither has stages', () => {
    expect(next({ ...halted, scope: { kind: 'run', id: 'r' } }, 'reads')).toBe('conflict');
    expect(next({ ...halted, mode: 'pause' }, 'reads')).toBe('conflict');
  });
});
