import { createHmac } from 'node:crypto';
import type { Channel, Showing } from '../../app/channels/ports.ts';
import { expectOk } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';

/** What a receiver gets: the state of a request, not each step to it. Arguments are JSON texts, as people are shown them. */
const eventOf = ({ card, ref }: Showing, at: number): object => ({
  type: card.state !== 'open' ? 'approval.closed' : ref === null ? 'approval.opened' : 'approval.changed', timestamp: new Date(at).toISOString(),
  data: { approval: card.approval, version: card.version, state: card.state, run: card.run, agent: card.agent, tool: card.tool, tier: card.tier, arguments: card.arguments, link: card.link, ...(card.notice !== null && { notice: card.notice }) },
});

/** The bytes of a secret as Standard Webhooks writes it: `whsec_` and base64. */
export const webhookSecret = (text: string): Buffer => {
  const bytes = Buffer.from(text.replace(/^whsec_/, ''), 'base64');
  if (bytes.length < 24 || bytes.length > 64) throw new Error('a webhook secret is whsec_ and 24 to 64 bytes in base64: openssl rand -base64 32');
  return bytes;
};

/** Headers of Standard Webhooks: each secret signs, so that a receiver that knows the old or the new one takes it while they change. */
export const webhookHeaders = (id: string, atS: number, body: string, secrets: readonly Buffer[]): Readonly<Record<string, string>> => ({
  'webhook-id': id, 'webhook-timestamp': String(atS),
  'webhook-signature': secrets.map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${atS}.${body}`).digest('base64')}`).join(' '),
});

/** Outgoing webhooks after Standard Webhooks. `webhook-id` is the same for the same state however often it is sent. */
export const createWebhook = (options: { readonly id: string; readonly url: string; readonly secrets: readonly Buffer[]; readonly tiers: readonly number[]; readonly outgoing: Outgoing; readonly now: () => number }): Channel => ({
  id: options.id, kind: 'webhook', tiers: options.tiers, recipients: { of: 'place' }, tellsEnded: true,
  show: async (showing) => {
    const body = JSON.stringify(eventOf(showing, options.now()));
    const answer = await options.outgoing({ method: 'POST', url: options.url, headers: { 'content-type': 'application/json', ...webhookHeaders(showing.id, Math.floor(options.now() / 1_000), body, options.secrets) }, body });
    expectOk(answer, options.id);
    return showing.ref ?? showing.id;
  },
});
