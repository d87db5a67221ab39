import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMemoryBus, createMemoryLog } from '@countersign/bus/memory';
import { topic } from '@countersign/contracts';
import type { GovernedDecided, GovernedRecord } from '@countersign/contracts';
import { generateKey, signPersonStatement } from '@countersign/identity';
import { createBacktest } from '@countersign/policy/core/backtest/backtest';
import { always } from '@countersign/policy/core/backtest/hours';
import { historyOf, smallDay, start } from '@countersign/policy/core/backtest/history.fixture';
import { reportOf } from '@countersign/policy/core/backtest/report';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { CannotRun } from '../../errors.ts';
import { backtest, votedAt } from '../backtest-command.ts';
import { hoursOf, readSettings, reviewersOf, timeOf } from './options.ts';
import { pageOf } from './page.ts';
import { recordsFromFile } from './record-file.ts';
import { recordsFromBus } from './source.ts';
import { textOf } from './text.ts';

const rules = (limit: number, more = '') => `
- id: large
  owner: o
  rationale: because of large
  tools: [pay.plan]
  when: amount > ${limit}
  tier: 3
- id: absurd
  owner: o
  rationale: because of absurd
  tools: [pay.plan, pay.send]
  when: amount > 100000
  decision: deny
${more}`;

describe('a backtest on a file of records', () => {
  let dir: string;
  const bundleAt = (name: string, version: string, text: string): string => {
    const at = join(dir, name);
    mkdirSync(join(at, 'rules'), { recursive: true });
    writeFileSync(join(at, 'bundle.yaml'), `version: ${version}\npermit: ['pay.*']\napproval: { route: [treasurer], quorum: 1, expiresIn: 30m }\nsenior: { route: [senior], quorum: 1, expiresIn: 1h }\n`);
    writeFileSync(join(at, 'rules/all.yaml'), text);
    return at;
  };
  let known: string, records: readonly GovernedRecord[], file: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'countersign-backtest-'));
    known = bundleAt('known', 'base-1', rules(1_000));
    records = smallDay((await loadBundle(known)).bundle).records;
    file = join(dir, 'records.jsonl');
    writeFileSync(file, records.map((record, i) => (i % 2 === 0 ? JSON.stringify(record) : JSON.stringify({ partition: 0, record }))).join('\n'));
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
  });
  afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

  const ran = async (args: readonly string[]): Promise<{ code: number; out: string }> => {
    const chunks: string[] = [];
    const write = process.stdout.write.bind(process.stdout), quiet = process.stderr.write.bind(process.stderr);
    process.stdout.write = ((text: string) => { chunks.push(text); return true; }) as typeof process.stdout.write;
    process.stderr.write = (() => true) as typeof process.stderr.write;
    try {
      return { code: await backtest(args), out: chunks.join('') };
    } finally {
      process.stdout.write = write;
      process.stderr.write = quiet;
    }
  };

  it('proves the record, shows what a draft changes, and writes a page', async () => {
    const draft = bundleAt('draft', 'draft-2', rules(500));
    const { code, out } = await ran(['--bundle', draft, '--known', known, '--records', `${file}.gz`, '--html', join(dir, 'report.html'), '--reviewers', 'treasurer=2', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out) as ReturnType<typeof reportOf>;
    expect(report).toMatchObject({ draft: { version: 'draft-2' }, tightened: 1, loosened: 0, decisions: { read: 13, compared: 10, unknown: 0 }, proof: { ok: true }, people: { before: { asks: 3 }, after: { asks: 4 }, reviewers: { from: 'given', count: 2 } } });
    const page = readFileSync(join(dir, 'report.html'), 'utf8');
    expect(page).toContain('Proven: the recorded versions make all 10 decisions again');
    expect(page.match(/<svg/g)).toHaveLength(4);
    expect((await ran(['--bundle', draft, '--known', known, '--records', file])).out).toMatch(/1 newly asked about[\s\S]*rule large: spoke 5 times, now 6; tightens 1/);
  });

  it('says loudly that a changed record does not hold, names it, and exits 1', async () => {
    const tampered = records.map((record) => (record.kind === 'action.decided' && record.decision.code === 'rule_denied' ? { ...record, decision: { ...record.decision, decision: 'allow', code: null } } : record));
    const changed = join(dir, 'changed.jsonl');
    writeFileSync(changed, `${tampered.map((record) => JSON.stringify(record)).join('\n')}\n`);
    const mismatches = join(dir, 'mismatches.jsonl');
    const { code, out } = await ran(['--bundle', known, '--known', known, '--records', changed, '--html', join(dir, 'bad.html'), '--mismatches', mismatches]);
    expect(code).toBe(1);
    expect(out).toMatch(/^THE RECORD IS NOT REPRODUCED\. 1 of 10 decisions[\s\S]*decision "allow" on the record, "deny" again/);
    expect(readFileSync(join(dir, 'bad.html'), 'utf8')).toContain('<strong>THE RECORD IS NOT REPRODUCED');
    expect(JSON.parse(readFileSync(mismatches, 'utf8').trim())).toMatchObject({ version: 'base-1', differences: expect.arrayContaining([{ field: 'decision', recorded: 'allow', reproduced: 'deny' }]) });
    const unknown = await ran(['--bundle', known, '--records', file]);
    expect([unknown.code, unknown.out]).toEqual([1, expect.stringContaining('name its folder with --known')]);
  });

  it('refuses what cannot be read, with file and line', async () => {
    const bad = join(dir, 'bad.jsonl');
    const read = (text: string) => { writeFileSync(bad, text); return ran(['--bundle', known, '--records', bad]); };
    await expect(read(`${JSON.stringify(records[0])}\n{"kind":"action.decided"\n`)).rejects.toThrow(/line 2: no JSON/);
    await expect(read('{"kind":"action.decided","decision":{}}')).rejects.toThrow(/line 1: no decision by the contract/);
    await expect(read('x'.repeat(2_200_000))).rejects.toThrow(/longer than/);
    await expect(ran(['--bundle', known, '--records', join(dir, 'nothing')])).rejects.toThrow(/no file/);
    writeFileSync(`${bad}.gz`, 'no gzip');
    await expect(ran(['--bundle', known, '--records', `${bad}.gz`])).rejects.toThrow(CannotRun);
    await expect(ran(['--bundle', bundleAt('broken', 'x', '- id: r'), '--records', file])).rejects.toThrow(/rules\/all\.yaml:1/);
  });

  it('reads a stretch of time from the stream, partition by partition', async () => {
    let clock = start;
    const bus = createMemoryBus(createMemoryLog(() => clock));
    await bus.ensureTopics([{ name: topic.runsGoverned, partitions: 2, compacted: false, retentionMs: -1, maxMessageBytes: 1e6 }]);
    for (const [i, record] of records.entries()) {
      clock = record.now + 5;
      await bus.publish([{ topic: topic.runsGoverned, partition: i % 2, key: record.run!, value: Buffer.from(JSON.stringify(record)), headers: { ce_type: `countersign.governed.${record.kind}.v1` } }]);
    }
    const seen: GovernedDecided[] = [], shares: number[] = [];
    const read = (from: number, to: number) => recordsFromBus(bus)({ from, to, onRecord: (record) => { seen.push(record); }, onProgress: (share) => { shares.push(share); } });
    await read(-Infinity, Infinity);
    expect([seen.length, shares.at(-1)]).toEqual([13, 1]);
    seen.length = 0;
    await read(start + 1, start + 200_000);
    expect(seen.map(({ round }) => round)).toEqual([2]);
    const fromFile: GovernedDecided[] = [];
    await recordsFromFile(file)({ from: start + 1, to: start + 200_000, onRecord: (record) => { fromFile.push(record); }, onProgress: () => undefined });
    expect(fromFile).toEqual(seen);
    await bus.close();
  });

  it('shows text of agents inert, on the terminal and on the page', async () => {
    const { bundle } = await loadBundle(known);
    const history = historyOf(bundle);
    history.open().propose('pay.plan', { to: '<img src=x onerror=alert(1)>\u001b[2J', amount: 5 });
    const names = await loadBundle(bundleAt('names', 'names', rules(1_000, "- { id: named, owner: o, rationale: r, tools: [pay.plan], when: \"target != ['x']\", tier: 3 }")));
    const test = createBacktest({ draft: names.bundle, known: () => bundle });
    history.decided().forEach(test.add);
    const report = reportOf(test, { version: 'names', digest: 'd', from: null, to: null, reviewers: null, assumedMs: 1, stated: false, clock: always, budgetsDiffer: false });
    expect(report.examples.newlyAsked?.[0]?.facts).toMatchObject({ target: ['<img src=x onerror=alert(1)>\u001b[2J'] });
    expect(pageOf(report, 'now')).not.toMatch(/<img|\u001b/);
    expect(textOf(report)).not.toContain('\u001b');
  });
});

describe('what may be said to it', () => {
  it('times, people and hours, or a clear no', () => {
    const now = Date.UTC(2026, 10, 21);
    expect([timeOf('7d', now), timeOf('2026-11-01', now), timeOf('2026-11-01T08:00:00+01:00', now), timeOf('yesterday', now), timeOf('2026-13-01', now)]).toEqual([now - 604_800_000, Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 1, 7), undefined, undefined]);
    expect(reviewersOf('treasurer=2,senior=1')?.map(({ person }) => person)).toEqual(['treasurer 1', 'treasurer 2', 'senior 1']);
    expect([reviewersOf('treasurer'), reviewersOf('a=9999')]).toEqual([undefined, undefined]);
    expect([hoursOf('09:00-17:30+01:00'), hoursOf('17:00-09:00'), hoursOf('9-17')]).toEqual([{ days: [1, 2, 3, 4, 5], from: 540, to: 1_050, offset: 60 }, undefined, undefined]);
    expect(() => readSettings([], now)).toThrow(/Say which draft/);
    expect(() => readSettings(['--bundle', 'x', '--from', '1d', '--to', '2d'], now)).toThrow(/not before/);
    expect(() => readSettings(['--bundle', 'x', '--service', '5'], now)).toThrow(/--service "5" is not understood/);
    expect(() => readSettings(['--bundle', 'x', '--nonsense'], now)).toThrow(CannotRun);
  });

  it('votes are timed by their own signature', () => {
    const jws = signPersonStatement('vote', { sub: 'tara', approval: 'a', digest: 'd'.repeat(43), vote: 'approve', reason: 'fine', iat: 1_800_000_111 }, generateKey('tara-1'));
    expect([votedAt(jws), votedAt('e30.e30.e30'), votedAt('no')]).toEqual([1_800_000_111_000, undefined, undefined]);
  });
});
