import type { ChannelCallbackRequest } from '@countersign/contracts';
import { toBase64Url } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';

export interface Callback { readonly channel: string; readonly body: Buffer; readonly timestamp: string | undefined; readonly signature: string | undefined }

/** Vendors' callbacks in hand at a time; more are told to come again. */
const mostAtOnce = 64;

/** Brings callbacks to approvals. The vendor hears no more than whether it was taken: Slack shows its users an empty answer as success. */
export const createHandOnCallback = ({ approvalsUrl, fetch: send = fetch }: { readonly approvalsUrl: string; readonly fetch?: typeof fetch }) => {
  let inHand = 0;
  return async ({ channel, body, timestamp, signature }: Callback): Promise<undefined> => {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(channel)) throw new CodedError('channel_unknown', 'no such channel is configured');
    if (inHand >= mostAtOnce) throw new CodedError('rate_limited', 'too many callbacks at once', { retryAfterS: 1 });
    inHand++;
    try {
      const request: ChannelCallbackRequest = { body: toBase64Url(body), headers: { ...(timestamp !== undefined && { timestamp: timestamp.slice(0, 32) }), ...(signature !== undefined && { signature: signature.slice(0, 256) }) } };
      // Slack gives up after three seconds.
      const answer = await send(`${approvalsUrl}/channels/${channel}/callbacks`, { method: 'POST', redirect: 'error', signal: AbortSignal.timeout(2_500), headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) })
        .catch((cause: unknown) => { throw new CodedError('not_ready', 'approvals does not answer: nothing was decided', { status: 503, cause }); });
      if (answer.ok) return undefined;
      const problem = await answer.json().catch(() => ({})) as { code?: unknown; detail?: unknown };
      throw new CodedError(typeof problem.code === 'string' ? problem.code : 'not_ready', String(problem.detail ?? 'approvals refused it'), { status: answer.status });
    } finally {
      inHand--;
    }
  };
};
