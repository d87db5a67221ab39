import type { GovernedRecord, OutcomeStatus, Reply } from '@countersign/contracts';

/** A reply with nothing but the essentials; the rest follows from `more`. */
export const reply = (kind: Reply['kind'], run: string, action: string | null, seq: number | null, code: string, detail: string | null, more?: Partial<Reply>): Reply => ({
  kind, run, action, seq, code, detail,
  decision: more?.decision ?? null, tier: more?.tier ?? null, round: more?.round ?? null,
  grant: null, claim: more?.claim ?? false, arguments: null, expectedSeq: more?.expectedSeq ?? null,
});

/** How the end of a child run is told: its result broke the schema, or it did not come to one. */
const codes: Partial<Record<OutcomeStatus, string>> = { failed: 'result_invalid', unknown: 'run_closed' };

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
    case 'action.outcome': {
      const { delegation, message } = record;
      if (delegation === undefined) return reply('noted', record.run, record.action, record.seq, 'ok', null);
      return { ...reply('noted', record.run, record.action, null, codes[message.status] ?? 'ok', message.error), returned: { child: delegation.child, result: message.result } };
    }
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
