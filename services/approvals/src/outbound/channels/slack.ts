import type { Channel } from '../../app/channels/ports.ts';
import { slackMessage, whyModal } from '../../core/channels/slack-message.ts';
import { slack as slackText } from '@countersign/kernel';
import { expectJson, OutgoingFailed } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';

/** Slack's errors that pass by themselves; every other one is ours or the workspace's to mend. */
const passing: ReadonlySet<unknown> = new Set(['ratelimited', 'rate_limited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org']);

/**
 * Direct messages of a bot in one workspace, each to one person, updated in place by chat.update (which has no limit on how often,
 * unlike a response_url). Scopes: chat:write, im:write. The bot is one credential: what is decided here is one factor at most.
 */
export const createSlack = (options: { readonly id: string; readonly api: string; readonly token: string; readonly tiers: readonly number[]; readonly outgoing: Outgoing }): Channel => {
  const call = async (method: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = expectJson(await options.outgoing({
      method: 'POST', url: `${options.api}/${method}`, headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body),
    }), `Slack ${method}`);
    if (answer['ok'] !== true) throw new OutgoingFailed(`Slack ${method}: ${String(answer['error']).slice(0, 100)}`, { permanent: !passing.has(answer['error']) });
    return answer;
  };
  return {
    askWhy: async (trigger, token, about) => { await call('views.open', { trigger_id: trigger, view: whyModal(token, about) }); },
    tell: async (account, text) => { await call('chat.postMessage', { channel: account, text: slackText(text), unfurl_links: false, unfurl_media: false }); },
    id: options.id, kind: 'slack', tiers: options.tiers, recipients: { of: 'linked' }, tellsEnded: false,
    show: async ({ card, recipient, ref, buttons }) => {
      const message = { ...slackMessage(card, buttons), unfurl_links: false, unfurl_media: false };
      if (ref === null) {
        const { channel, ts } = await call('chat.postMessage', { channel: recipient, ...message });
        if (typeof channel !== 'string' || typeof ts !== 'string') throw new OutgoingFailed('Slack chat.postMessage did not say where the message is');
        return `${channel}:${ts}`;
      }
      const [channel, ts] = ref.split(':');
      await call('chat.update', { channel, ts, ...message });
      // A message that changes in place calls nobody's attention.
      if (card.notice !== null && card.state !== 'open') await call('chat.postMessage', { channel, thread_ts: ts, text: slackText(card.notice), unfurl_links: false, unfurl_media: false });
      return ref;
    },
  };
};
