import { describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbersFrom } from '@countersign/policy/core/calibration/resample';
import { calibrate } from '../calibrate-command.ts';
import { verdictIn } from './source.ts';

/** A record of an over-confident agent and a careful one: half of the changes drawn for review and reviewed. */
const recorded = async (): Promise<string> => {
  const next = numbersFrom(5);
  const lines: string[] = [];
  for (let i = 0; i < 1_600; i++) {
    const careful = i % 2 === 0;
    const confidence = 0.5 + next() / 2;
    const right = next() < (careful ? 0.97 : confidence - 0.3);
    const drawn = next() < 0.5;
    const base = { tenant: 'acme', run: 'r', now: 1_800_000_000_000 + i, agent: careful ? 'careful' : '<b>bold</b>', action: `a${i}` };
    lines.push(JSON.stringify({ partition: 0, record: { ...base, kind: 'action.decided', tool: 'bank.pay', round: 1, message: { action: `a${i}`, tool: 'bank.pay', arguments: {}, confidence }, resolved: null, facts: { 'tool.consequential': { value: true, origin: 'derived' } }, decision: { decision: 'allow', tier: 2 }, ...(drawn && { review: { rate: 0.5 } }) } }));
    if (drawn) lines.push(JSON.stringify({ stream: `review-r-a${i}`, version: 1, type: 'reviewed', at: 1, by: 'tom', data: { type: 'reviewed', run: 'r', action: `a${i}`, verdict: right ? 'right' : 'wrong' } }));
  }
  const file = join(await mkdtemp(join(tmpdir(), 'cs-calibrate-')), 'record.jsonl');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
};
const said = async (args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> => {
  const out: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => { out.push(String(text)); return true; });
  try {
    return { code: await calibrate(args), out: out.join('') };
  } finally {
    write.mockRestore();
  }
};

describe('countersign policy calibrate', () => {
  it('tells the over-confident agent from the careful one and draws both', async () => {
    const file = await recorded();
    const html = join(file, '..', 'report.html');
    const { code, out } = await said(['--records', file, '--html', html, '--wrong', '0.1', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out.trim().split('\n').at(-1)!) as { drawn: number; reviewed: number; agents: { name: string; bias: number; ece: number; threshold: object | null }[] };
    expect(report.drawn).toBe(report.reviewed);
    const [bold, careful] = ['<b>bold</b>', 'careful'].map((name) => report.agents.find((agent) => agent.name === name)!);
    expect(bold!.bias).toBeGreaterThan(0.2);
    expect(bold!.threshold).toBeNull();
    expect(careful!.bias).toBeLessThan(0);
    expect(careful!.threshold).not.toBeNull();
    const page = await readFile(html, 'utf8');
    expect(page).not.toContain('<b>bold');
    expect(page).toContain('claimed confidence');
    expect(page).not.toContain('NaN');
  });

  it('says so where nothing can be said, and what it cannot read', async () => {
    const file = await recorded();
    expect(await said(['--records', file, '--to', '2020-01-01'])).toMatchObject({ code: 1, out: expect.stringContaining('nothing can be said') });
    await expect(calibrate(['--records', '/nowhere'])).rejects.toThrow('/nowhere');
    await expect(calibrate(['--records', file, '--wrong', '2'])).rejects.toThrow('--wrong');
    await writeFile(`${file}.bad`, '{"a":');
    await expect(calibrate(['--records', `${file}.bad`])).rejects.toThrow('line 1');
  });

  it('takes verdicts only for what they are', () => {
    expect(verdictIn({ type: 'voted', data: { run: 'r', action: 'a', verdict: 'right' } })).toBeUndefined();
    expect(verdictIn({ type: 'reviewed', data: { run: 'r', action: 'a', verdict: 'maybe' } })).toBeUndefined();
  });
});
