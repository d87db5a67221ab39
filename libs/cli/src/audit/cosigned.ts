import { parseWitnessPolicy } from '@countersign/audit/core/witness-policy';
import { cosignedAt, encodings } from '@countersign/identity';
import { algorithms, parseNoteKey } from '@countersign/tamper-log';
import type { NoteSignature } from '@countersign/tamper-log';

/** Who else signed a checkpoint, by a policy that names their keys (the format of tessera and torchwood). */
export interface Cosigned {
  /** `given`: known beforehand. `enclosed`: it came with the record, as its witnesses' keys did. `none`: there is none. */
  readonly policy: 'given' | 'enclosed' | 'none';
  /** Witnesses whose cosignature holds, by their names in the policy. */
  readonly by: readonly string[];
  /** Whether they are the quorum. */
  readonly enough: boolean;
  /** Cosignatures of others: nobody here knows their keys. */
  readonly others: number;
}

const isWitnessKey = (text: string): boolean => parseNoteKey(encodings, text)?.algorithm === algorithms.cosignatureV1;

/** Verifies the cosignatures under a checkpoint. @param body of its note @param policy its text; empty: none @returns why the policy cannot be read, else what it says of this checkpoint */
export const cosignedBy = (body: string, signatures: readonly NoteSignature[], origin: string, policy: { readonly text: string; readonly from: 'given' | 'enclosed' }): Cosigned | { readonly problem: string } => {
  const names = new Set(signatures.map(({ name }) => name).filter((name) => name !== origin));
  if (policy.from === 'enclosed' && policy.text.trim() === '') return { policy: 'none', by: [], enough: true, others: names.size };
  const read = parseWitnessPolicy(policy.text, isWitnessKey);
  if ('problem' in read) return read;
  const held = read.witnesses.filter(({ verifierKey }) => cosignedAt(body, signatures, verifierKey) !== undefined);
  for (const { verifierKey } of held) names.delete(parseNoteKey(encodings, verifierKey)!.name);
  return { policy: policy.from, by: held.map(({ name }) => name), enough: read.satisfied(new Set(held.map(({ name }) => name))), others: names.size };
};
