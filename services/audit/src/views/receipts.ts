import type { Receipt } from '@countersign/contracts';
import type { Leaf } from '../core/entry.ts';
import { receiptOf } from '../core/receipt.ts';
import type { StoryEntry } from '../core/story.ts';
import { jsonOf } from './json.ts';
import type { PublishedLog } from './published-log.ts';

/** Entries of an action that are looked at: far more than the rounds it can have. */
const most = 200;

/** The receipt of an action out of the log, with a proof of each entry it rests on. undefined where it is not there yet, or was erased. */
export const readReceipt = async (published: PublishedLog, run: string, action: string, round?: number): Promise<Receipt | undefined> => {
  // Topics overtake each other in the log: what else says something of a run may stand before its beginning.
  const opening = (await published.find({ run }, most)).filter(({ leaf }) => (JSON.parse(leaf.toString()) as Leaf).type === 'countersign.governed.run.started.v1');
  const found = [...opening.slice(0, 1), ...(await published.find({ run, action }, most))];
  const indices = [...new Set(found.map(({ index }) => index))];
  const payloads = await published.payloads(indices);
  const leaves = new Map(found.map(({ index, leaf }) => [index, leaf]));
  const entries = indices.map((index): StoryEntry => ({ index, leaf: JSON.parse(leaves.get(index)!.toString()) as Leaf, body: jsonOf(payloads.get(index)?.body) }));
  const parts = receiptOf(run, action, entries, round);
  const under = parts && await published.proofs(parts.entries);
  if (under === undefined) return undefined;
  return {
    format: 'countersign-receipt/v1', statement: JSON.parse(JSON.stringify(parts!.statement)) as Receipt['statement'], checkpoint: under.note,
    entries: parts!.entries.map((index, i) => ({
      index, leaf: leaves.get(index)!.toString('base64'), salt: payloads.get(index)!.salt.toString('base64'), payload: payloads.get(index)!.body.toString('base64'), proof: under.proofs[i]!,
    })),
  };
};
