import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GovernedRecord, ToolSnapshot } from '@countersign/contracts';
import { validateGovernedRecord } from '@countersign/contracts';
import { reproduce } from '../../services/policy/src/core/backtest/reproduce.ts';
import { evolve } from '../../services/policy/src/core/evolve.ts';
import { foldingWith } from '../../services/policy/src/core/judge.ts';
import { compileTool } from '../../services/policy/src/core/rules/compile.ts';
import { initialState } from '../../services/policy/src/core/state.ts';
import type { RunState } from '../../services/policy/src/core/state.ts';
import { loadBundle } from '../../services/policy/src/inbound/bundle-files.ts';
import { statusAfter } from '../../services/supervision/src/core/action.ts';
import { react } from '../../services/approvals/src/core/react.ts';
import { noRecord } from '../../services/approvals/src/core/agent-record.ts';

// Streams that a release wrote, frozen. Whatever changes later must still fold them to the same state: histories are replayed for ever.
// A new release adds a folder (npm run replay -- --approver approve --keep FILE, and the bundle that decided) and never touches an old one.
const here = fileURLToPath(new URL('.', import.meta.url));
const catalogue = JSON.parse(readFileSync(new URL('../../services/policy/packs/agentdojo/tools.json', import.meta.url), 'utf8')) as ToolSnapshot[];
const tools = new Map(catalogue.map((tool) => [tool.tool, compileTool({ ...tool, tenant: 'acme', version: 1, definition: 'd' })]));

interface Line { readonly partition: number; readonly record: GovernedRecord }
const read = (folder: string): Line[] => readFileSync(`${here}${folder}/governed.jsonl`, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line);

/** What a run came to, in plain JSON: the part of the state that later decisions rest on. */
const foldAll = (lines: readonly Line[]) => {
  const folding = foldingWith((name) => tools.get(name));
  const partitions = new Map<number, ReturnType<typeof initialState>>();
  // An ended run is let go of piece by piece: what counts is what it was when it ended.
  const atEnd = new Map<string, { readonly data: readonly string[]; readonly actions: number }>();
  const countsOf = (one: RunState) => ({ data: [...one.dataTouched].sort(), actions: one.actions.size });
  for (const { partition, record } of lines) {
    const state = partitions.get(partition) ?? initialState();
    partitions.set(partition, state);
    if (record.kind === 'run.ended') atEnd.set(record.run!, countsOf(state.runs.get(record.run!)!));
    evolve(state, record, folding);
  }
  return [...partitions].sort(([a], [b]) => a - b).map(([partition, state]) => ({
    partition, position: state.position,
    runs: [...state.runs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([run, one]) => ({
      run, agent: one.agent, closed: one.closed, nextSeq: one.nextSeq, calls: one.calls, denies: one.denies, spend: one.spend, ...(atEnd.get(run) ?? countsOf(one)), halts: [...one.halts],
    })),
  }));
};

describe.each(readdirSync(here).filter((name) => !name.includes('.')))('the history %s', (folder) => {
  const lines = read(folder);

  it('is still valid by the contracts', () => {
    for (const { record } of lines) expect([record.kind, validateGovernedRecord(record), validateGovernedRecord.errors ?? null]).toEqual([record.kind, true, null]);
  });

  it('folds to the policy state that it had', () => {
    expect(foldAll(lines)).toEqual(JSON.parse(readFileSync(`${here}${folder}/policy-state.json`, 'utf8')));
  });

  it('makes every decision again, with the rules that made it', async () => {
    const { bundle } = await loadBundle(`${here}${folder}/bundle`);
    const made = lines.flatMap(({ record }) => (record.kind === 'action.decided' ? [reproduce(record, bundle)] : []));
    expect(made.filter(({ status }) => status === 'different')).toEqual([]);
    expect(made.filter(({ status }) => status === 'reproduced').length).toBeGreaterThan(0);
  });

  it('is understood downstream', () => {
    const none = { forAction: () => [], forRun: () => [], approved: () => [] };
    const opened = lines.flatMap(({ record }) => react(record, none, { approvalId: (run, action, position) => `${run}/${action}/${position}`, digest: () => 'd', agentRecord: noRecord }));
    const steppedUp = lines.filter(({ record }) => record.kind === 'action.decided' && record.decision.decision === 'step_up');
    expect(opened.filter(({ command }) => command.type === 'request')).toHaveLength(steppedUp.length);
    for (const { record } of lines) expect(() => statusAfter(record)).not.toThrow();
  });
});
