import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { validateApiActivity } from '@countersign/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SiemRecord } from '@countersign/audit/core/siem/record';
import { formats, writeSiemFile } from './siem-file.ts';
import type { AskAfter } from './siem-file.ts';

const origin = 'countersign.test/acme';
const recordOf = (index: number): SiemRecord => ({
  index, at: 1_793_500_000_000 + index, type: 'countersign.governed.action.decided.v1', run: `run-${index % 7}`, agent: 'payer|=\\\n"', action: `a-${index}`, tool: index % 2 === 0 ? 'payments.transfer' : 'mail\r\nCEF:0|evil|\u2028.send', stream: null,
  decision: index % 3 === 0 ? 'deny' : index % 3 === 1 ? 'defer' : 'allow', tier: index % 4 + 1, code: null, outcome: null, trace: null, rules: ['money.large'], people: ['ann=root externalId=1'],
});
const log = (size: number): SiemRecord[] => Array.from({ length: size }, (_, index) => recordOf(index));
/** As `/query` answers, a few at a time. */
const asking = (all: readonly SiemRecord[], page = 10): AskAfter => async (after) => {
  const left = all.filter(({ index }) => index > after);
  return { entries: left.slice(0, page), next: left.length > page ? left[page - 1]!.index : null };
};
const indexIn = (line: string): number => (line.startsWith('{') ? (JSON.parse(line) as { metadata: { sequence: number } }).metadata.sequence : Number(/ externalId=(\d+) dvchost/.exec(line)![1]));

describe.each(formats)('a file of %s', (format) => {
  let folder: string, path: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'siem-')); path = join(folder, 'events'); });
  afterEach(() => rmSync(folder, { recursive: true }));
  const indices = (): number[] => readFileSync(path, 'utf8').split('\n').slice(0, -1).map(indexIn);
  const write = (size: number, resume = false, ask = asking(log(size))) => writeSiemFile(path, format, origin, resume, {}, ask);

  it('has one line for each entry, whatever somebody wrote into a name, and what the filter leaves', async () => {
    expect(await write(35)).toEqual({ events: 35, last: 34 });
    expect(indices()).toEqual(log(35).map(({ index }) => index));
    const some = join(folder, 'some');
    expect(await writeSiemFile(some, format, origin, false, { decisions: ['deny', 'defer'], minTier: 3 }, asking(log(24)))).toEqual({ events: 8, last: 22 });
    expect(readFileSync(some, 'utf8').split('\n').slice(0, -1).map(indexIn)).toEqual(log(24).filter(({ decision, tier }) => decision !== 'allow' && tier! >= 3).map(({ index }) => index));
  });

  it('goes on behind its last whole line, wherever it was cut off, and has every event once', async () => {
    await write(30);
    const whole = readFileSync(path);
    await fc.assert(fc.asyncProperty(fc.nat(whole.length), async (length) => {
      writeFileSync(path, whole);
      truncateSync(path, length);
      await write(30, true);
      expect(readFileSync(path).equals(whole)).toBe(true);
    }), { seed: 7, numRuns: 60 });
    // Cut off in a line that is not wanted any more: half of one is never left behind.
    truncateSync(path, whole.length - 5);
    expect(await write(29, true)).toEqual({ events: 0, last: 28 });
    expect([indices().length, readFileSync(path, 'utf8').endsWith('\n')]).toEqual([29, true]);
    await write(30, true);
    // What came since.
    expect(await write(33, true)).toEqual({ events: 3, last: 32 });
    expect(await write(33, true)).toEqual({ events: 0, last: 32 });
    expect(indices()).toHaveLength(33);
  });

  it('keeps what was written when the service goes away in between', async () => {
    const ask = asking(log(30));
    let pages = 0;
    await expect(write(30, false, async (after) => { if (++pages === 3) throw new Error('gone'); return ask(after); })).rejects.toThrow('gone');
    expect(indices()).toHaveLength(20);
    await write(30, true);
    expect(indices()).toEqual(log(30).map(({ index }) => index));
  });

  it('overwrites nothing, and goes on in nothing that is not its own', async () => {
    await expect(write(3, true)).rejects.toThrow('leave --resume out');
    await write(3);
    await expect(write(3)).rejects.toThrow('--resume goes on');
    await expect(writeSiemFile(path, format, 'countersign.test/other', true, {}, asking(log(3)))).rejects.toThrow('events of the log countersign.test/acme');
    appendFileSync(path, 'my notes\n');
    const before = readFileSync(path, 'utf8');
    await expect(write(3, true)).rejects.toThrow(`--format ${format}`);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('events of OCSF in a file', () => {
  const published = new URL('../../../../../shared/data/ocsf/detection_finding.schema.json', import.meta.url);
  (existsSync(published) ? it : it.skip)('fit our contract, and their objects the published schema', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ocsf-'));
    await writeSiemFile(join(folder, 'events'), 'ocsf', origin, false, {}, asking(log(30)));
    const { $defs } = JSON.parse(readFileSync(published, 'utf8')) as { $defs: Readonly<Record<string, object>> };
    const fits = Object.entries({ actor: 'actor', metadata: 'metadata', api: 'api', src_endpoint: 'network_endpoint' }).map(([name, def]) => [name, new Ajv2020({ strict: false, logger: false }).compile({ $defs, $ref: `#/$defs/${def}` })] as const);
    for (const line of readFileSync(join(folder, 'events'), 'utf8').split('\n').slice(0, -1)) {
      const event = JSON.parse(line) as Readonly<Record<string, unknown>>;
      expect([validateApiActivity(event), validateApiActivity.errors]).toEqual([true, null]);
      for (const [name, check] of fits) expect([name, check(event[name]), check.errors]).toEqual([name, true, null]);
    }
    rmSync(folder, { recursive: true });
  });
});
