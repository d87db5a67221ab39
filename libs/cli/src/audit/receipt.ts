import { receiptOf } from '@countersign/audit/core/receipt';
import { validateReceipt } from '@countersign/contracts';
import { canonicalJson, encodings, verifyNote } from '@countersign/identity';
import { parseCheckpoint } from '@countersign/tamper-log';
import { faultOf, jsonIn, leafIn } from './evidence/proven.ts';
import type { TakenEntry } from './evidence/proven.ts';

export interface CheckedReceipt { readonly ok: boolean; readonly why?: string; readonly entries: number; readonly checkpointSize: number; readonly decision?: string }

const bytes = (text: string): Buffer => Buffer.from(text, 'base64');

/**
 * Checks a receipt with nothing but itself and a key known beforehand: the checkpoint is signed, every entry stands under it, every payload is
 * what its entry commits to, and the statement says what those payloads say and nothing else.
 */
export const checkReceipt = (receipt: unknown, verifierKey: string): CheckedReceipt => {
  const bad = (why: string, entries = 0, checkpointSize = 0): CheckedReceipt => ({ ok: false, why, entries, checkpointSize });
  if (!validateReceipt(receipt)) return bad(`is no receipt of a format that this program knows (${validateReceipt.errors?.[0]?.instancePath ?? ''})`);
  const parsed = parseCheckpoint(encodings, receipt.checkpoint);
  if (parsed === undefined || !verifyNote(parsed.body, parsed.signatures, verifierKey)) return bad('its checkpoint is not signed by the given key');
  const { size } = parsed.checkpoint;
  const entries = receipt.entries.map((one): TakenEntry => ({ index: one.index, leaf: bytes(one.leaf), proof: one.proof, opened: { salt: bytes(one.salt), payload: bytes(one.payload) } }));
  for (const [i, entry] of entries.entries()) {
    const fault = faultOf(entry, receipt.checkpoint, parsed.checkpoint);
    if (fault) return bad(`entry ${entry.index}: its ${fault.part} ${fault.why}`, i, size);
  }
  const { run, action, decision } = receipt.statement;
  const parts = receiptOf(run, action.id, entries.map(({ index, leaf, opened }) => ({ index, leaf: leafIn(leaf)!, body: jsonIn(opened?.payload) })), decision.round);
  if (parts === undefined || canonicalJson(JSON.parse(JSON.stringify(parts.statement))) !== canonicalJson(receipt.statement)) return bad('its statement is not what its entries say', entries.length, size);
  return { ok: true, entries: entries.length, checkpointSize: size, decision: decision.decision };
};
