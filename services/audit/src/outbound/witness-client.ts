import { cosignedAt, encodings } from '@countersign/identity';
import { consistencyProof, formatAddCheckpoint, formatNote, parseCheckpoint, parseNoteKey, parseSignatures } from '@countersign/tamper-log';
import type { ReadTile } from '@countersign/tamper-log';
import type { Answer } from '../app/witnessing.ts';
import type { Witness } from '../core/witness-policy.ts';

const timeoutMs = 5_000;
const maxAnswerBytes = 16 * 1024;

/** Client of a witness (C2SP tlog-witness, add-checkpoint). Believes nothing it answers: the cosignature is verified before it is kept. */
export const createWitnessClient = (readTile: ReadTile, get: typeof fetch = fetch) => async (witness: Witness, old: number, size: number, note: string): Promise<Answer> => {
  const proof = old === 0 || old > size ? [] : await consistencyProof(encodings.sha256, readTile, old, size);
  let status: number;
  let text: string;
  try {
    const answer = await get(`${witness.url!.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST', body: formatAddCheckpoint(encodings, old, proof, note), redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.status;
    text = await bounded(answer);
  } catch (error) {
    return { kind: 'unreachable', why: (error as Error).message };
  }
  if (status === 200) {
    const line = cosignature(witness, note, text);
    return line === undefined ? { kind: 'refused', why: 'its answer is no cosignature of this checkpoint by its key' } : { kind: 'cosigned', line };
  }
  const known = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
  if (status === 409 && known !== undefined) return { kind: 'conflict', size: Number(known) };
  if (status === 422) return { kind: 'refused', why: `it has seen a tree of ${old} entries that is no beginning of this log` };
  return status >= 500 || status === 429 ? { kind: 'unreachable', why: `HTTP ${status}` } : { kind: 'refused', why: `HTTP ${status}: ${text.slice(0, 200).trim()}` };
};

const bounded = async (answer: Response): Promise<string> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
};

/** The one line of the answer that is this witness's, as it stands in the note afterwards. */
const cosignature = (witness: Witness, note: string, text: string): string | undefined => {
  const body = parseCheckpoint(encodings, note)?.body;
  const lines = text.endsWith('\n') ? parseSignatures(encodings, text) : undefined;
  const key = parseNoteKey(encodings, witness.verifierKey);
  if (body === undefined || !lines || !key || cosignedAt(body, lines, witness.verifierKey) === undefined) return undefined;
  const own = lines.find((line) => line.name === key.name && Buffer.compare(line.keyId, key.keyId) === 0)!;
  return formatNote(encodings, '', [own]).slice(1);
};
