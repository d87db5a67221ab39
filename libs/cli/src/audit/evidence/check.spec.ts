import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateKey } from '@countersign/identity';
import { packBundle } from '@countersign/policy/inbound/bundle-archive';
import { bundleDigest } from '@countersign/policy/inbound/bundle-files';
import { run, told } from '@countersign/audit/story.fixture';
import { checkEvidence } from './check.ts';
import type { Collected } from './collect.ts';
import { bundle, paymentLog, signer, vkeyOf } from './evidence.fixture.ts';
import { filesOf } from './export.ts';
import { manifestBytes, names, sha256, sumsOf } from './files.ts';
import type { EvidenceManifest } from '@countersign/contracts';

type Files = ReadonlyMap<string, Uint8Array>;
const key = vkeyOf(signer);
const asked = { by: 'ann', made: '2026-11-21T14:00:00.000Z', question: `--run ${run}`, run, pack: 'oversight' } as const;
const around = { bundles: new Map([['p-1', bundle]]), jwks: { keys: [] }, missing: [] };
const changed = (files: Files, path: string, bytes: Uint8Array | undefined): Files => {
  const copy = new Map(files);
  if (bytes === undefined) copy.delete(path);
  else copy.set(path, bytes);
  return copy;
};
const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};
/** What a careful forger does: sums and manifest fit again. */
const resummed = (files: Files): Files => {
  const manifest = JSON.parse(Buffer.from(files.get(names.manifest)!).toString()) as EvidenceManifest;
  const fitting = { ...manifest, files: manifest.files.filter(({ path }) => files.has(path)).map(({ path }) => ({ path, sha256: sha256(files.get(path)!), bytes: files.get(path)!.length })) };
  const all = new Map(files).set(names.manifest, manifestBytes(fitting));
  all.delete(names.sums);
  return all.set(names.sums, Buffer.from(sumsOf(new Map([...fitting.files.map(({ path }) => [path, all.get(path)!] as const), [names.manifest, all.get(names.manifest)!]]))));
};

describe('an export of evidence', () => {
  let collected: Collected;
  let files: Files;
  beforeAll(async () => {
    collected = await paymentLog();
    files = filesOf(collected, key, around, asked);
  });

  it('holds under the key of its log', () => {
    expect(checkEvidence(files, key)).toMatchObject({ ok: true, entries: 8, opened: 8, checkpointSize: 8, bundles: 1, caveats: expect.arrayContaining([expect.stringContaining('no witness cosigned'), expect.stringContaining('no vote')]) });
    expect([...files.keys()]).toEqual(expect.arrayContaining(['README.md', 'checkpoint', 'entries/4.leaf', 'entries/4.tlog-proof', 'entries/4.payload', 'policy/p-1.json', 'story.html', 'SHA256SUMS']));
  });

  it('a flipped bit in any file, wherever, is refused with the file named', () => {
    for (const [path, bytes] of files) {
      for (const at of [0, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length - 1]) {
        const { ok, firstBad } = checkEvidence(changed(files, path, flipped(bytes, at)), key);
        // Leaf and proof, payload and salt, manifest and sums only fit together: which of the two was changed cannot be told.
        const pair = path.replace(/\.tlog-proof$/, '.leaf').replace(/\.salt$/, '.payload').replace('SHA256SUMS', 'manifest.json');
        expect([path, at, ok, [path, pair].includes(firstBad?.file ?? '')]).toEqual([path, at, false, true]);
      }
    }
  });

  it.each(['leaf', 'proof', 'salt', 'payload'] as const)('a changed %s is refused even where every sum fits again', (part) => {
    const path = names[part](4);
    const bytes = files.get(path)!;
    const { ok, firstBad } = checkEvidence(resummed(changed(files, path, flipped(bytes, Math.floor(bytes.length / 2)))), key);
    expect([ok, firstBad?.file.split('.')[0]]).toEqual([false, 'entries/4']);
  });

  it('so are another checkpoint, another story, other rules, and a proof of another entry', () => {
    const forged = (path: string, text: string) => checkEvidence(resummed(changed(files, path, Buffer.from(text))), key).firstBad?.file;
    expect(forged(names.checkpoint, collected.note.replace('\n8\n', '\n7\n'))).toBe('checkpoint');
    expect(forged(names.story, Buffer.from(files.get(names.story)!).toString().replace('tess', 'theo'))).toBe('story.json');
    expect(forged(names.page, Buffer.from(files.get(names.page)!).toString().replace('tess', 'theo'))).toBe('story.html');
    expect(forged(names.pack, Buffer.from(files.get(names.pack)!).toString().replace('"approved":1', '"approved":2'))).toBe('oversight.json');
    expect(forged(names.packPage, Buffer.from(files.get(names.packPage)!).toString().replace('tess', 'theo'))).toBe('oversight.html');
    expect(forged(names.bundle('p-1'), JSON.stringify({ ...bundle, version: 'p-2' }))).toBe('policy/p-1.json');
    expect(forged(names.proof(4), collected.entries[3]!.proof)).toBe('entries/4.tlog-proof');
  });

  it('and rules that have their own digest, but not the one under which the log says they were published', () => {
    const files2 = [{ path: 'bundle.yaml', text: 'version: p-1 # looser' }];
    const looser = { ...bundle, digest: bundleDigest(files2), archive: packBundle(files2) };
    expect(checkEvidence(filesOf(collected, key, { ...around, bundles: new Map([['p-1', looser]]) }, asked), key).firstBad).toMatchObject({ file: 'policy/p-1.json', why: expect.stringContaining('another digest') });
  });

  const without = (index: number, from: Collected): Collected => ({ ...from, entries: from.entries.map(({ opened, ...entry }) => (entry.index === index ? entry : { ...entry, opened: opened! })) });

  it('holds where words were erased on the record: that they were there is proved all the same', async () => {
    const erasure = told('audit.statements', 'audit.erased', { states: { erasure: 1, scope: 'run', what: run, keys: 2, by: 'p-1' } });
    expect(checkEvidence(filesOf(without(3, await paymentLog(signer, [erasure])), key, around, asked), key)).toMatchObject({ ok: true, entries: 9, opened: 8 });
  });

  it.each([
    [1, 'its messages 1'], [2, 'event 1 of approval-7'], [4, 'its messages 2'], [0, 'its messages 0'],
  ])('says that a record of the run is missing where entry %i was left out', (index, what) => {
    const fewer = { ...collected, entries: collected.entries.filter((entry) => entry.index !== index) };
    expect(checkEvidence(filesOf(fewer, key, around, asked), key)).toMatchObject({ ok: false, firstBad: { file: 'manifest.json', why: expect.stringContaining(what) } });
  });

  it('names the entry whose words are gone without an erasure on the record', () => {
    expect(checkEvidence(filesOf(without(3, collected), key, around, asked), key)).toMatchObject({ ok: false, firstBad: { file: 'entries/3.payload', why: expect.stringContaining('no erasure or expiry on the record covers entry 3') } });
  });

  it('a missing or an added file is named', () => {
    expect(checkEvidence(changed(files, names.leaf(2), undefined), key).firstBad).toMatchObject({ file: 'entries/2.leaf', why: 'is missing' });
    expect(checkEvidence(changed(files, 'entries/99.payload', Buffer.from('x')), key).firstBad).toMatchObject({ file: 'entries/99.payload' });
  });

  it('proves nothing under another key, and nothing with a whole log of a forger', async () => {
    expect(checkEvidence(files, vkeyOf(generateKey('audit-1'))).firstBad).toMatchObject({ file: 'checkpoint' });
    const forger = generateKey('audit-1');
    const made = filesOf(await paymentLog(forger), vkeyOf(forger), around, asked);
    expect(checkEvidence(made, key).firstBad).toMatchObject({ file: 'checkpoint' });
  });
});
