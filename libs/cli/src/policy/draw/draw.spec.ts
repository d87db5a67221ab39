import { describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { fileURLToPath } from 'node:url';
import { sampleFile } from '../../replay/options.ts';
import { packFolder } from '../../replay/setup.ts';
import { draw } from '../draw-command.ts';
import { picture } from './picture.ts';
import { inForce, settings } from './settings.ts';

describe('the picture of the trade-off', () => {
  it('goes through parameters that the pack has, and marks the setting in force', async () => {
    const { spec } = await loadBundle(fileURLToPath(packFolder));
    expect(settings[inForce]!.parameters).toEqual(Object.fromEntries(Object.entries(spec.parameters!).filter(([name]) => name in settings[inForce]!.parameters)));
    for (const { parameters } of settings) for (const name in parameters) expect(Object.keys(spec.parameters!)).toContain(name);
    expect(settings.at(-1)!.parameters).toMatchObject({ autonomy: 3, pages: 'any', guardText: false });
  });

  it('draws a point for every measure there is, and no text of a file as markup', () => {
    const svg = picture([{ title: 'T', x: 'x', y: 'y', share: true, lines: [{ name: '<script>', points: [{ x: 0.1, y: 0.9 }, { x: 0.2, y: null }, { x: 0.3, y: 0.7 }] }] }], ['one', 'two', 'three'], 0, 'c');
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).not.toContain('<script>');
    expect(svg).not.toContain('NaN');
  });

  it('is drawn from a file of sessions', async () => {
    const out = join(await mkdtemp(join(tmpdir(), 'cs-draw-')), 'p.svg');
    expect(await draw(['--sessions', sampleFile, '--out', out])).toBe(0);
    expect(await readFile(out, 'utf8')).toContain('people asked, times per 100 sessions');
  });

  it('says what is missing', async () => {
    await expect(draw([])).rejects.toThrow('--sessions');
    await expect(draw(['--sessions', '/nowhere'])).rejects.toThrow('/nowhere');
  });
});
