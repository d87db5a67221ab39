import type { Channel, ReadBack } from '../../app/channels/ports.ts';
import { plainText } from '../../core/channels/plain-text.ts';
import { expectJson, expectOk, OutgoingFailed } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';

export interface TicketOptions { readonly id: string; readonly api: string; readonly user: string; readonly secret: string; readonly pollMs: number; readonly tiers: readonly number[]; readonly outgoing: Outgoing }

/** Most characters of a description. */
const mostText = 30_000;
export const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const decisions: Readonly<Record<string, 'approve' | 'deny'>> = { approved: 'approve', declined: 'deny' };
export const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) as Readonly<Record<string, unknown>>[] : []);

/**
 * Requests of Jira Service Management. Its own approvals decide there (a request type with an approval step); what people decided is read
 * back by API under our credential, never believed from a webhook. An account is its accountId.
 */
export const createJira = (options: TicketOptions & { readonly serviceDesk: string; readonly requestType: string }): Channel => {
  const call = (method: 'GET' | 'POST', path: string, body?: object) => options.outgoing({
    method, url: `${options.api}/rest/servicedeskapi/${path}`, headers: { authorization: basic(options.user, options.secret), 'content-type': 'application/json', 'x-experimentalapi': 'opt-in' }, ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return {
    id: options.id, kind: 'jira', tiers: options.tiers, recipients: { of: 'place' }, tellsEnded: false,
    show: async ({ card, ref }) => {
      if (ref !== null) {
        if (card.state !== 'open') expectOk(await call('POST', `request/${encodeURIComponent(ref)}/comment`, { body: card.headline, public: true }), 'Jira');
        return ref;
      }
      // A code block of Atlassian's document format: text, in which no markup is read.
      const description = { type: 'doc', version: 1, content: [{ type: 'codeBlock', attrs: {}, content: [{ type: 'text', text: plainText(card, mostText).text }] }] };
      const { issueKey } = expectJson(await call('POST', 'request', { serviceDeskId: options.serviceDesk, requestTypeId: options.requestType, isAdfRequest: true, requestFieldValues: { summary: card.headline.slice(0, 255), description } }), 'Jira');
      if (typeof issueKey !== 'string' || !/^[A-Z][A-Z0-9_]{0,30}-\d{1,15}$/.test(issueKey)) throw new OutgoingFailed('Jira did not say which request it made');
      return issueKey;
    },
    reads: {
      everyMs: options.pollMs,
      shownWhole: (card) => plainText(card, mostText).whole,
      read: async (ref) => {
        const { values } = expectJson(await call('GET', `request/${encodeURIComponent(ref)}/approval?limit=50`), 'Jira');
        return listOf(values).flatMap(({ approvers }) => listOf(approvers).flatMap((one): ReadBack[] => {
          const account = (one['approver'] as { accountId?: unknown } | undefined)?.accountId;
          const vote = decisions[String(one['approverDecision'])];
          return typeof account === 'string' && vote !== undefined ? [{ account, vote }] : [];
        }));
      },
    },
  };
};
