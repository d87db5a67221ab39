import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKey } from '@countersign/identity';
import { paymentLog, signer, vkeyOf } from '../../libs/cli/src/audit/evidence/evidence.fixture.ts';
import type { Collected } from '../../libs/cli/src/audit/evidence/collect.ts';
import { filesOf } from '../../libs/cli/src/audit/evidence/export.ts';
import { probes } from '../../libs/identity/src/proof-probes.fixture.ts';
import { built, outsiders, unlessSkipped } from './outsiders.ts';
import type { Outsiders } from './outsiders.ts';

/** What an auditor does at home with an export and torchwood alone: no service, no network, none of our code. */
(('why' in built) ? describe.skip : describe)(`evidence taken home, before torchwood${unlessSkipped}`, () => {
  let log: Collected, forged: Collected, outside: Outsiders;
  let files: ReadonlyMap<string, Uint8Array>;
  const exported = (of: Collected) => filesOf(of, vkeyOf(signer), { bundles: new Map(), jwks: { keys: [] }, missing: [] }, { by: 'ann', made: '2026-11-21T14:00:00.000Z', question: '', run: undefined });
  const file = (path: string): Uint8Array => files.get(path)!;
  const proof = (index: number): string => Buffer.from(file(`entries/${index}.tlog-proof`)).toString();
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => Buffer.from(bytes).map((byte, i) => (i === at ? byte ^ 1 : byte));

  beforeAll(async () => {
    log = await paymentLog();
    forged = await paymentLog(generateKey('audit-1'));
    files = exported(log);
    outside = outsiders(vkeyOf(signer));
  });
  afterAll(() => outside?.close());

  it('every entry holds, as does the checkpoint', async () => {
    for (const { index } of log.entries) expect(await outside.proof(file(`entries/${index}.leaf`), proof(index))).toEqual({ holds: true });
    expect(await outside.note(Buffer.from(file('checkpoint')).toString())).toEqual({ holds: true });
  });

  it('a flipped byte anywhere in an entry, the proof of another one, a shorter path and a forger\'s log are refused', async () => {
    const leaf = file('entries/3.leaf');
    for (const at of [0, leaf.length >> 1, leaf.length - 1]) expect(await outside.proof(flipped(leaf, at), proof(3))).toMatchObject({ holds: false });
    expect(await outside.proof(leaf, proof(4))).toMatchObject({ holds: false });
    const lines = proof(3).split('\n');
    expect(await outside.proof(leaf, [...lines.slice(0, 2), ...lines.slice(3)].join('\n'))).toMatchObject({ holds: false });
    expect(await outside.proof(leaf, proof(3).replace('\nindex 3\n', '\nindex 2\n'))).toMatchObject({ holds: false });
    const other = exported(forged);
    expect(await outside.proof(other.get('entries/3.leaf')!, Buffer.from(other.get('entries/3.tlog-proof')!).toString())).toMatchObject({ holds: false });
  });

  it('transparency-dev/merkle says of every bent proof what our verifier says (libs/identity, proof-probes.spec.ts)', async () => {
    // That a log grew out of nothing proves nothing: ours refuses to say so, version 0.0.2 of merkle lets an empty proof pass.
    const asked = probes.filter((probe) => !('size1' in probe && probe.size1 === 0));
    const verdicts = await outside.probes(asked);
    expect(verdicts).toHaveLength(asked.length);
    expect(asked.filter(({ wantErr }, i) => verdicts[i] === wantErr)).toEqual([]);
  });
});
