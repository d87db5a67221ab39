/** Codes under which a proved message leaves its seq unconsumed: it does not stand in the chain at all. */
const outOfChain: ReadonlySet<string> = new Set(['seq_gap', 'seq_reused', 'chain_broken', 'wrong_session', 'token_wrong_run', 'run_unknown', 'wrong_partition']);

/** Whether a message refused with this code still takes its place in the chain. */
export const consumesSeq = (code: string): boolean => !outOfChain.has(code);

/** The header with the number of a message: in its session's chain where a runtime sent it; where a service did, among those that it put into the same partition, dense from 0 (service-host's `numbering`; not every message of a service has one). */
export const sequenceHeader = 'cs_seq';
