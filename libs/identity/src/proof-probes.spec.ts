import { describe, expect, it } from '@jest/globals';
import { verifyConsistency, verifyInclusion } from '@countersign/tamper-log';
import { encodings } from './note.ts';
import { probes } from './proof-probes.fixture.ts';
import type { Probe } from './proof-probes.fixture.ts';

const { sha256 } = encodings;
const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
/** What libs/tamper-log says of a probe. */
const holds = (probe: Probe): boolean => ('leafIdx' in probe
  ? verifyInclusion(sha256, probe.leafIdx, probe.treeSize, bytes(probe.leafHash), probe.proof.map(bytes), bytes(probe.root))
  : verifyConsistency(sha256, probe.size1, probe.size2, bytes(probe.root1), bytes(probe.root2), probe.proof.map(bytes)));

// The same probes are put to transparency-dev/merkle itself in test/verifiers/evidence.spec.ts.
describe('proofs that were bent', () => {
  it('hold as they were made, and in no other form', () => {
    expect(probes.filter(({ wantErr }) => !wantErr)).toHaveLength(72);
    expect(probes.filter((probe) => holds(probe) === probe.wantErr)).toEqual([]);
    expect(probes.length).toBeGreaterThan(1_000);
  });
});
