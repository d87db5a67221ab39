import type { GovernedRecord, Reply } from '@countersign/contracts';

/** A reply with nothing but the essentials; the rest follows from `more`. */
export const reply = (kind: Reply['kind'], run: string, action: string | null, seq: number | null, code: string, detail: string | null, more?: Partial<Reply>): Reply => ({
  kind, run, action, seq, code, detail,
  decision: more?.decision ?? null, tier: more?.tier ?? null, round: more?.round ?? null,
  grant: null, claim: more?.claim ?? false, arguments: null, expectedSeq: more?.expectedSeq ?? null,
});

/** The answer that goes with a record; null where it answers nobody. The same for the live processor and for a fold, so that replays answer alike. */
export const replyOf = (record: GovernedRecord): Reply | null => {
  if (record.run === null) return null;
  switch (record.kind) {
    case 'action.decided':
    case 'message.refused':
      return record.reply;
    case 'run.started':
    case 'run.ended':
      return reply('noted', record.run, null, record.seq, 'ok', null);
    case 'action.outcome':
      return reply('noted', record.run, record.action, record.seq, 'ok', null);
    case 'action.cancelled':
      return reply('decided', record.run, record.action, record.seq, 'cancelled', record.reason, { decision: 'deny' });
    case 'run.halted':
      return reply('halted', record.run, null, record.seq, 'run_halted', record.reason);
    case 'run.resumed':
      return reply('resumed', record.run, null, record.seq, 'ok', record.reason);
    case 'action.reversed':
    case 'messages.unproven':
    case 'partition.owned':
      return null;
  }
};
