import type { Channel } from '../../app/channels/ports.ts';
import { expectOk } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';

/** Most characters of a summary (Events API v2). */
const mostSummary = 1_024;

/** Pages whoever is on call, by Events API v2: one alert for a request (dedup_key), resolved when it has ended. Custom details hold ids and arguments of ours only as texts. */
export const createPagerDuty = (options: { readonly id: string; readonly api: string; readonly routingKey: string; readonly tiers: readonly number[]; readonly outgoing: Outgoing }): Channel => ({
  id: options.id, kind: 'pagerduty', tiers: options.tiers, recipients: { of: 'place' }, tellsEnded: false,
  show: async ({ card, ref }) => {
    if (ref !== null && card.state === 'open') return ref;
    const event = card.state !== 'open' ? { event_action: 'resolve' } : {
      event_action: 'trigger', client: 'Countersign', client_url: card.link, links: [{ href: card.link, text: 'Look at it and decide' }],
      payload: { summary: `${card.headline}${card.notice === null ? '' : `. ${card.notice}`}`.slice(0, mostSummary), source: card.agent, severity: card.tier === 4 || card.notice !== null ? 'critical' : 'warning', component: card.tool, class: 'approval', custom_details: Object.fromEntries(card.facts.map(({ name, value }) => [name, value])) },
    };
    const answer = await options.outgoing({ method: 'POST', url: `${options.api}/v2/enqueue`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ routing_key: options.routingKey, dedup_key: card.approval, ...event }) });
    expectOk(answer, 'PagerDuty');
    return card.approval;
  },
});
