import type { ServiceEvent } from '@countersign/contracts';

interface Opened { readonly run: string; readonly action: string; readonly position: number; readonly agent: string; readonly tool: string; readonly tier: number; readonly route: readonly string[]; readonly quorum: number; readonly expires_at: number; readonly digest: string }
/** What people are told live: an action waits for them, or no longer does. */
export type ApprovalNews =
  | { readonly event: 'opened'; readonly data: Opened }
  | { readonly event: 'closed'; readonly data: { readonly run: string; readonly action: string; readonly because: string } };

/** Requests known to wait, oldest first, by their streams. Changed in place by `readNews`. */
export type Waiting = Map<string, { readonly opened: Opened; readonly open: boolean }>;

/** Most that are remembered; of one forgotten nobody hears that it closed. */
const mostWaiting = 10_000;

interface Asked { readonly run: string; readonly action: string; readonly answers: number; readonly agent: string; readonly tool: string; readonly tier: number; readonly expiresAt: number; readonly digest: string; readonly ask: { readonly route: readonly string[]; readonly quorum: number } }

/** What an event of approvals means to people who wait for requests to open and close. Of approvals and not of decisions: a request that somebody seeded is told like any other. */
export const readNews = ({ stream, type, data }: Pick<ServiceEvent, 'stream' | 'type' | 'data'>, waiting: Waiting): readonly ApprovalNews[] => {
  const known = waiting.get(stream);
  switch (type) {
    case 'requested': {
      const { run, action, answers, agent, tool, tier, expiresAt, digest, ask } = (data as unknown as { readonly question: Asked }).question;
      const opened = { run, action, position: answers, agent, tool, tier, route: ask.route, quorum: ask.quorum, expires_at: expiresAt, digest };
      waiting.set(stream, { opened, open: true });
      if (waiting.size > mostWaiting) for (const oldest of waiting.keys()) { waiting.delete(oldest); break; }
      return [{ event: 'opened', data: opened }];
    }
    case 'reopened':
      if (known === undefined || known.open) return [];
      waiting.set(stream, { ...known, open: true });
      return [{ event: 'opened', data: known.opened }];
    case 'resolved': {
      if (known === undefined || !known.open) return [];
      const because = String((data as { readonly resolution?: unknown }).resolution);
      // Only what policy was told is approved comes back.
      if (because === 'approved') waiting.set(stream, { ...known, open: false });
      else waiting.delete(stream);
      return [{ event: 'closed', data: { run: known.opened.run, action: known.opened.action, because } }];
    }
    default: return [];
  }
};
