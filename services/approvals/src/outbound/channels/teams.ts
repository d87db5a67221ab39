import type { Channel } from '../../app/channels/ports.ts';
import { teamsCard } from '../../core/channels/teams-card.ts';
import { expectOk } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';

/** Cards into a channel of Microsoft Teams through a workflow ("post to a channel when a webhook request is received"). Such a card cannot be changed: an end is a second card. */
export const createTeams = (options: { readonly id: string; readonly url: string; readonly tiers: readonly number[]; readonly outgoing: Outgoing }): Channel => ({
  id: options.id, kind: 'teams', tiers: options.tiers, recipients: { of: 'place' }, tellsEnded: false,
  show: async ({ card, ref, id }) => {
    if (ref !== null && card.state === 'open') return ref;
    const body = { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: teamsCard(card) }] };
    expectOk(await options.outgoing({ method: 'POST', url: options.url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }), 'Teams');
    return id;
  },
});
