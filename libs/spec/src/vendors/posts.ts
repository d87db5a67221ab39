import { AdaptiveCard, SerializationContext, Version } from 'adaptivecards';
import type { VendorAnswer, VendorCall } from './tickets.ts';

/** What Microsoft's own library says against an Adaptive Card 1.5. */
export const cardFaults = (card: object): readonly string[] => {
  const context = new SerializationContext(new Version(1, 5));
  new AdaptiveCard().parse(card, context);
  return Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message);
};

/** A workflow of Microsoft Teams that posts what it is sent to a channel: it takes messages of at most 28 KB with Adaptive Cards, and answers 202. */
export const teamsWorkflow = () => {
  const cards: object[] = [];
  return {
    cards: cards as readonly object[],
    answer: ({ body }: VendorCall): VendorAnswer => {
      const [first, ...more] = (Array.isArray(body['attachments']) ? body['attachments'] : []) as { readonly contentType?: unknown; readonly content?: unknown }[];
      const card = first?.content;
      if (body['type'] !== 'message' || more.length > 0 || first?.contentType !== 'application/vnd.microsoft.card.adaptive' || typeof card !== 'object' || card === null || JSON.stringify(body).length > 28_672 || cardFaults(card).length > 0) return { status: 400, body: { error: { code: 'InvalidCard' } } };
      cards.push(card);
      return { status: 202 };
    },
  };
};

const severities = ['critical', 'error', 'warning', 'info'];

/** PagerDuty's Events API v2: alerts by dedup_key, triggered or resolved. */
export const pagerDuty = (routingKey: string) => {
  const alerts = new Map<string, { readonly summary: string; readonly status: 'triggered' | 'resolved' }>();
  const invalid = (error: string): VendorAnswer => ({ status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors: [error] } });
  return {
    alerts: alerts as ReadonlyMap<string, { readonly summary: string; readonly status: string }>,
    answer: ({ body }: VendorCall): VendorAnswer => {
      const { routing_key: key, event_action: action, dedup_key: dedup, payload } = body as { readonly routing_key?: unknown; readonly event_action?: unknown; readonly dedup_key?: unknown; readonly payload?: { readonly summary?: unknown; readonly source?: unknown; readonly severity?: unknown } };
      if (key !== routingKey) return invalid('Invalid routing key');
      if (typeof dedup !== 'string' || dedup.length > 255) return invalid('\'dedup_key\' is at most 255 characters');
      if (action === 'trigger') {
        if (typeof payload?.summary !== 'string' || payload.summary.length > 1_024 || typeof payload.source !== 'string' || !severities.includes(String(payload.severity))) return invalid('\'payload\' takes summary, source and severity');
        alerts.set(dedup, { summary: payload.summary, status: 'triggered' });
      } else if (action === 'resolve') {
        const known = alerts.get(dedup);
        if (known !== undefined) alerts.set(dedup, { ...known, status: 'resolved' });
      } else return invalid('\'event_action\' is trigger, acknowledge or resolve');
      return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedup } };
    },
  };
};
