/** Codes under which a proved message leaves its seq unconsumed: it does not stand in the chain at all. */
const outOfChain: ReadonlySet<string> = new Set(['seq_gap', 'seq_reused', 'chain_broken', 'wrong_session', 'token_wrong_run', 'run_unknown', 'wrong_partition']);

/** Whether a message refused with this code still takes its place in the chain. */
export const consumesSeq = (code: string): boolean => !outOfChain.has(code);
