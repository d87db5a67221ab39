import { rootAt, rootOf } from '@countersign/tamper-log';
import type { LogState } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import type { SignedHead } from './ports.ts';
import type { SequencerDeps } from './sequencer.ts';

/** Why a log is not taken over. Nothing is signed, and nothing of the database is touched. */
export class LogRefused extends Error {
  readonly code: 'log_older' | 'log_changed' | 'head_lost';
  constructor(code: LogRefused['code'], why: string, remedy: string) {
    super(`${code}: ${why} ${remedy}`);
    this.name = 'LogRefused';
    this.code = code;
  }
}

const restore = 'Keep a copy of the database for whoever looks into it; then restore a backup of before, or continue as another log: CS_LOG_ORIGIN=NEW CS_LOG_PREDECESSOR=OLD (services/audit/README.md, "Who else must agree").';

/**
 * Takes the log over. Refuses one that is behind or beside its last signed checkpoint (a restored backup must not fork it), and one whose size, frontier or
 * source offsets are not those that audit committed: it would sign, or leave out, what somebody else wrote there.
 */
export const take = async ({ origin, store, keeper, sha256, sign, accept }: SequencerDeps): Promise<{ readonly state: LogState; readonly head: SignedHead | undefined; readonly due: boolean; readonly accepted: readonly Statement[] }> => {
  const { state, word } = await store.own();
  const { size } = state.edge;
  const rootText = async (at: number): Promise<string> => sign(at, await rootAt(sha256, store.readTile, at)).root;
  const head = await keeper.last(origin);
  if (head && head.size > size) throw new LogRefused('log_older', `the log has ${size} entries, but a checkpoint of ${head.size} was signed: this database is an older copy.`, restore);
  if (word === 'broken') throw new LogRefused('log_changed', 'size, frontier or source offsets of the log are not those that this service committed: somebody else wrote to its database.', restore);
  // The tiles are what is served, the frontier is what is signed next.
  const roots = head && head.size > 0 ? [await rootText(head.size), ...head.size === size ? [sign(size, rootOf(sha256, state.edge)).root] : []] : [];
  if (roots.some((root) => root !== head?.root)) throw new LogRefused('log_changed', `the log's root at ${head?.size} entries is not the one that was signed: it was changed.`, restore);
  const signed = head === undefined ? await store.signed() : 0;
  if (signed > 0 && (accept === undefined || accept !== (signed > size ? undefined : await rootText(signed)))) {
    throw new LogRefused('head_lost', `checkpoints up to ${signed} entries were signed, and the last one is not where it is kept beside the secrets.`, 'Put that file (CS_CHECKPOINT_FILE) or store back; where it is lost, take the root of that size from a witness, an export or audit.checkpoints.v1 and start once with CS_CHECKPOINT_ACCEPT=ROOT.');
  }
  if (word === 'none') {
    // A log from before states were vouched for becomes so once, where all of it is under the last signed head.
    if (head ? head.vouched === true || head.size !== size : size > 0 || state.next.size > 0) throw new LogRefused('log_changed', 'the state of the log carries no word of this service, and is not the one that was signed last.', restore);
    await store.vouch(state);
  }
  // Whoever accepted it may be who lost it.
  const accepted: readonly Statement[] = signed > 0 ? [{ kind: 'incident', states: { what: 'head_accepted', size: signed, root: accept! } }] : [];
  return { state, head, due: (await store.due()).length > 0, accepted };
};
