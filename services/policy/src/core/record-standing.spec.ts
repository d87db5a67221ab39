import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { Fact } from '@countersign/contracts';
import { recordStanding } from './record-standing.ts';
import { compileBundle } from './rules/compile.ts';
import type { CompiledTool } from './rules/compile.ts';
import { evaluateRules } from './rules/evaluate.ts';
import { proposed, scene, started } from './scene.fixture.ts';

const bounds = { raiseMs: 1_000, denyMs: 5_000 };
const tool = (consequential: boolean): CompiledTool => ({ name: 'desk.note', snapshot: { tool: 'desk.note', consequential, reversible: true } as CompiledTool['snapshot'], extractors: [] });
const bundle = compileBundle(parse('version: t1\npermit: [desk.note]\nrules: []\n'));
const verdict = (consequential: boolean, facts: Readonly<Record<string, Fact>>) => evaluateRules(bundle, tool(consequential), { 'agent.ceiling': { value: 2, origin: 'derived' }, ...facts }, []);
const behind: Readonly<Record<string, Fact>> = { record: { value: 'behind', origin: 'derived' } };

describe('an audit log that falls behind', () => {
  it.each([[0, 'current'], [1_000, 'current'], [1_001, 'behind'], [5_000, 'behind'], [5_001, 'overdue'], [Number.NaN, 'overdue'], [-60_000, 'current']] as const)('by %d ms is %s', (lag, standing) => {
    expect(recordStanding(1_000_000 - lag, 1_000_000, bounds)).toBe(standing);
  });

  it('has people look at everything with consequences, and at nothing that only reads', () => {
    expect(verdict(true, {})).toMatchObject({ decision: 'allow', tier: 2 });
    expect(verdict(true, behind)).toMatchObject({ decision: 'step_up', tier: 3, rules: expect.arrayContaining([expect.objectContaining({ id: 'builtin:record-behind', tier: 3 })]) });
    expect(verdict(false, behind)).toMatchObject({ decision: 'allow', tier: 1 });
    expect(verdict(true, { ...behind, approval: { value: 'approved', origin: 'attested' } })).toMatchObject({ decision: 'allow', tier: 3 });
  });

  it('past the second bound lets nothing act, which is not held against the run; caught up, all is as before', () => {
    const s = scene();
    s.tell(s.message(started));
    for (const n of [1, 2, 3, 4]) {
      expect(s.tell(s.message(proposed(n, 'tier2')), { record: 'overdue' })).toMatchObject({ records: [{ kind: 'action.decided', decision: { decision: 'deny', code: 'record_behind' } }], grants: [] });
    }
    expect(s.tell(s.message(proposed(5, 'tier2')))).toMatchObject({ records: [{ decision: { decision: 'allow' } }], grants: [expect.anything()] });
  });
});
