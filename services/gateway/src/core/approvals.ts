import type { GovernedRecord } from '@countersign/contracts';

/** What people are told live: an action waits for them, or no longer does. */
export type ApprovalNews =
  | { readonly event: 'opened'; readonly data: { readonly run: string; readonly action: string; readonly position: number; readonly agent: string | null; readonly tool: string; readonly tier: number; readonly route: readonly string[]; readonly quorum: number; readonly expires_at: number; readonly digest: string } }
  | { readonly event: 'closed'; readonly data: { readonly run: string; readonly action: string; readonly because: 'decided' | 'cancelled' | 'ended'; readonly decision: string | null; readonly code: string | null } };

/** Actions known to wait, oldest first: run/action. Changed in place by `readNews`. */
export type Waiting = Set<string>;

/** Most that are remembered; of one forgotten only its decision is told. */
const mostWaiting = 10_000;

/** What a governed record means to people who wait for approvals to open and close. */
export const readNews = (record: GovernedRecord, waiting: Waiting): readonly ApprovalNews[] => {
  const { run } = record;
  if (run === null) return [];
  const close = (action: string, because: 'decided' | 'cancelled' | 'ended', decision: string | null = null, code: string | null = null): readonly ApprovalNews[] =>
    waiting.delete(`${run}/${action}`) || because === 'decided' ? [{ event: 'closed', data: { run, action, because, decision, code } }] : [];
  switch (record.kind) {
    case 'action.decided': {
      const { approval, decision, code, tier } = record.decision;
      const closed = record.round > 1 ? close(record.action, 'decided', decision, code) : [];
      if (decision !== 'step_up' || approval === null) return closed;
      waiting.add(`${run}/${record.action}`);
      if (waiting.size > mostWaiting) for (const oldest of waiting) { waiting.delete(oldest); break; }
      const { route, quorum, expiresAt, digest } = approval;
      return [...closed, { event: 'opened', data: { run, action: record.action, position: record.position, agent: record.agent, tool: record.tool, tier, route, quorum, expires_at: expiresAt, digest } }];
    }
    case 'action.cancelled': return close(record.action, 'cancelled');
    case 'action.outcome': return close(record.action, 'ended');
    case 'run.ended': return [...waiting].filter((one) => one.startsWith(`${run}/`)).flatMap((one) => close(one.slice(run.length + 1), 'ended'));
    default: return [];
  }
};
