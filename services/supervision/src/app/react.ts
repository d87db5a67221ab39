import type { GovernedRecord } from '@countersign/contracts';
import type { ActionStore, HaltBook } from './ports.ts';

/**
 * What governed records mean here: rows of actions and runs move, and a halt that policy put on a run (tier 4, the third deny)
 * becomes a notice like any other, so that every guard sees it. Safe to repeat.
 */
export const takeGoverned = async (store: ActionStore, book: HaltBook, records: readonly GovernedRecord[]): Promise<void> => {
  await store.fold(records);
  for (const record of records) {
    if (record.kind !== 'run.halted' && record.kind !== 'run.resumed') continue;
    const op = record.kind === 'run.halted' ? 'halt' as const : 'lift' as const;
    await book.add({ halt: record.halt, op, mode: 'halt', tenant: record.tenant, scope: { kind: 'run', id: record.run }, by: record.by, reason: record.reason, at: record.now });
  }
};
