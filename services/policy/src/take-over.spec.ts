import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import { takeOver } from './app/take-over.ts';
import type { GovernedEntry } from './app/folding.ts';
import { folding, outcomeOf, proposed, runId, scene, started } from './core/scene.fixture.ts';
import { governedRecordIn } from './inbound/governed-record.ts';
import { memoryCheckpoints } from './policy.fixture.ts';

/** What a run of three messages leaves. */
const records = (): readonly GovernedRecord[] => {
  const play = scene();
  for (const body of [started, proposed(1, 'tier1'), outcomeOf(1), proposed(2, 'tier2')]) play.tell(play.message(body));
  return play.log;
};
type Line = string | null | GovernedRecord;
/** A governed log with these lines in it; transactions leave a hole of an offset here and there. */
const logOf = (lines: readonly Line[], between: readonly Line[] = []) => {
  const entries: GovernedEntry[] = [];
  const put = (line: Line): bigint => {
    const offset = BigInt(entries.length === 0 ? 3 : Number(entries.at(-1)!.offset) + 1 + (entries.length % 2));
    const record = governedRecordIn(line === null ? null : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)));
    entries.push(typeof record === 'string' ? { offset, record: null, why: record } : { offset, record });
    return offset;
  };
  lines.forEach(put);
  return {
    async *read(from: bigint, to = 1_000_000n) { for (const entry of [...entries]) if (entry.offset >= from && entry.offset < to) yield [entry]; },
    append: async (record: GovernedRecord) => { between.forEach(put); return put(record); },
  };
};
const options = { partition: 1, owner: 'me', tenant: 'acme', now: 1, folding };
const garbage: readonly Line[] = ['{', 'null', '7', '[]', '', null, '{"kind":"action.decided"}', '{"kind":"partition.owned","position":0}', '{"kind":"made.up","position":1,"now":1}'];

describe('taking a partition over', () => {
  it('skips what is none of policy\'s, wherever it stands, says so, and folds the rest as if it were not there', async () => {
    const all = records();
    const clean = await takeOver(logOf(all), memoryCheckpoints(), options);
    const taken = await takeOver(logOf([...garbage, ...all.flatMap((record) => [record, ...garbage])], garbage), memoryCheckpoints(), options);
    expect(taken.state).toEqual(clean.state);
    expect(taken.state.runs.get(runId)!.actions.size).toBe(2);
    expect([taken.folded, clean.skipped.count, taken.skipped.count]).toEqual([all.length, 0, garbage.length * (all.length + 2)]);
    expect(taken.skipped.first).toEqual(['offset 3: no JSON', 'offset 5: no object', 'offset 6: no object', 'offset 8: no object', 'offset 9: no JSON']);
  });

  it('counts a position once, and none that policy cannot have there: a copy, one far ahead', async () => {
    const all = records();
    const [first] = all, far = { ...all[1]!, position: 1_000_000 };
    const taken = await takeOver(logOf([far, ...all, first!, all.at(-1)!, far]), memoryCheckpoints(), options);
    expect([taken.state.position, taken.skipped.count]).toEqual([all.length + 1, 4]);
  });

  it('goes on from a checkpoint past garbage, and finds its place by the records of policy', async () => {
    const all = records();
    const checkpoints = memoryCheckpoints();
    const before = await takeOver(logOf(all.slice(0, 2)), checkpoints, options);
    const mine = [...all.slice(0, 2), { position: 2, tenant: 'acme', run: null, agent: null, inbox: null, now: before.state.lastNow, seq: null, traceparent: null, kind: 'partition.owned', owner: 'me' } satisfies GovernedRecord];
    await checkpoints.save(1, { state: before.state, from: 0n });
    const rest = all.slice(2).map((record) => ({ ...record, position: record.position + 1 }));
    const taken = await takeOver(logOf([...mine, ...garbage, ...rest]), checkpoints, options);
    expect([taken.from, taken.folded, taken.skipped.count, taken.state.position]).toEqual(['checkpoint', rest.length, garbage.length, all.length + 2]);
  });

  it.each<[string, (all: readonly GovernedRecord[]) => readonly Line[]]>([
    ['a record is missing', (all) => all.filter((_, i) => i !== 1)], ['it has forgotten its beginning', (all) => all.slice(1)], ['garbage stands where one was', (all) => all.map((record, i) => (i === 1 ? '{' : record))],
  ])('refuses a log with a hole: %s; says what to do and keeps the checkpoint', async (_, lines) => {
    const checkpoints = memoryCheckpoints();
    const kept = { state: (await takeOver(logOf(records()), memoryCheckpoints(), options)).state, from: 0n };
    await checkpoints.save(1, kept);
    await expect(takeOver(logOf(lines(records())), checkpoints, options)).rejects.toThrow(/position \d+ stands at offset \d+, and \d+ is nowhere before it: .* restore the topic/);
    expect(checkpoints.rows.size).toBe(1);
  });
});
