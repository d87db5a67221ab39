import { encodings } from '@countersign/identity';
import { algorithms, parseNoteKey } from '@countersign/tamper-log';
import { readFile } from 'node:fs/promises';
import { noWitnesses, parseWitnessPolicy } from '../core/witness-policy.ts';
import type { WitnessPolicy } from '../core/witness-policy.ts';

const isWitnessKey = (text: string): boolean => parseNoteKey(encodings, text)?.algorithm === algorithms.cosignatureV1;

/** The policy of a file; nobody without one. Throws with the line that is wrong. */
export const readWitnessPolicy = async (path: string | undefined): Promise<WitnessPolicy> => {
  if (path === undefined) return noWitnesses;
  const policy = parseWitnessPolicy(await readFile(path, 'utf8'), isWitnessKey);
  if ('problem' in policy) throw new Error(`CS_WITNESS_POLICY, ${path}: ${policy.problem}`);
  return policy;
};
