import { timeOfUuidV7 } from '@countersign/kernel';
import type { FromRuntime } from './commands.ts';
import { startWithinMs } from './state.ts';
import type { Answered, RunState } from './state.ts';
import type { Limits } from './world.ts';

/** Where a proved message stands: next in line, seen before (with the answer it got), or refused. */
export type Admission =
  | { readonly status: 'next' }
  | { readonly status: 'seen'; readonly answered: Answered }
  | { readonly status: 'refused'; readonly code: string; readonly detail: string; readonly expectedSeq: number | null };

const next: Admission = { status: 'next' };
const refuse = (code: string, detail: string, expectedSeq: number | null = null): Admission => ({ status: 'refused', code, detail, expectedSeq });

/** `prev` of the first message: 32 zero bytes. */
const chainStart = 'A'.repeat(43);

/**
 * The pure part of admission (DESIGN 7.1 and 8): partition, session, seq and chain, then what is wrong with token, clock or body.
 * Refusals before the chain is in order consume nothing (consumesSeq of the kernel); later ones take the message's place in the chain.
 */
export const admit = (command: FromRuntime, run: RunState | undefined, now: number, limits: Limits): Admission => {
  if (!command.rightPartition) return refuse('wrong_partition', 'the record is not in the partition of its run: use murmur2 of the key');
  const { token, seq, body } = command;
  if (run === undefined) {
    if (body.kind !== 'started' && !(body.kind === 'fault' && command.ceType.endsWith('.started.v1'))) return refuse('run_unknown', 'the run was not started, or ended long ago: send started first');
    if (seq !== 0) return refuse('seq_gap', 'the first message of a run has seq 0', 0);
    // Ended runs are forgotten: a copy of one's first message must not begin it again.
    if (command.at - timeOfUuidV7(command.run) > startWithinMs) return refuse('run_expired', 'the run was opened too long ago to be started: open another one', 0);
    if (command.prev !== chainStart) return refuse('chain_broken', 'cs_prev of the first message is 32 zero bytes', 0);
    return faultOf(command, now, token.run_not_after * 1000, limits) ?? next;
  }
  if (token.cnf.jkt !== run.jkt) return refuse('wrong_session', 'the run was started with another session key');
  if (token.sub !== run.agent || token.tenant !== run.tenant) return refuse('token_wrong_run', 'the run belongs to another agent');
  if (seq < run.nextSeq) {
    for (const answered of run.recent) if (answered.seq === seq && answered.hash === command.hash) return { status: 'seen', answered };
    return refuse('seq_reused', 'this seq was used by another message, or too long ago', run.nextSeq);
  }
  if (seq > run.nextSeq) return refuse('seq_gap', 'messages before this one are missing: send them first', run.nextSeq);
  if (command.prev !== run.head) return refuse('chain_broken', 'cs_prev is not the hash of the message before', run.nextSeq);
  return faultOf(command, now, run.notAfter, limits) ?? next;
};

/** What is wrong with a message that stands rightly in its chain. */
const faultOf = (command: FromRuntime, now: number, notAfter: number, limits: Limits): Admission | undefined => {
  // NaN, a ce_time that is no time, must refuse as well.
  if (!(Math.abs(command.ceTime - command.at) <= limits.clockSkewMs)) return refuse('clock_skew', 'ce_time is too far from the time of arrival: set the clock of the runtime');
  if (command.body.kind === 'fault') return refuse(command.body.code, command.body.detail);
  if (now >= notAfter && command.body.kind !== 'outcome') return refuse('run_expired', 'the life of the run is over: open another one');
  return undefined;
};
