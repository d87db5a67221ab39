import { randomUUID } from 'node:crypto';
import { envelope } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { BundleLineUp, PolicyBundle, ServiceEvent } from '@countersign/contracts';
import type { OutboxMessage } from '@countersign/event-store';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { entryId } from '../app/bundles/history.ts';
import type { ToBundleMessages } from '../app/bundles/ports.ts';
import type { BundleEvent, Slot } from '../core/bundles/events.ts';
import type { BundleState } from '../core/bundles/state.ts';

export interface BundleTopics { readonly bundles: string; readonly events: string }
export const bundleTopics: BundleTopics = { bundles: topic.policyBundles, events: topic.policyEvents };

/** The order by which a change of what is in force was made; undefined for what changes nothing there. */
const orderOf = (event: BundleEvent): string | undefined => {
  if ('slot' in event) return event.slot.order;
  return event.type === 'bundle.withdrawn' ? event.jws : undefined;
};

const slotOf = (slot: Slot | null): BundleLineUp['active'] => slot && { version: slot.version, digest: slot.digest, author: slot.author, order: slot.order, review: slot.review };

export interface BundleMessages {
  readonly toMessages: ToBundleMessages;
  /** What is in force, with its files first: whoever reads the line-up has them. */
  lineUp(state: BundleState, order: string, at: number, archives: ReadonlyMap<string, string>): readonly OutboxMessage[];
}

/** Everything policy says about bundles, signed with its key; what counts in a line-up are the people's signatures in it. */
export const createBundleMessages = (key: SigningKey, of: { readonly name: string; readonly tenant: string; readonly topics?: BundleTopics }): BundleMessages => {
  const { name, tenant, topics = bundleTopics } = of;
  const message = (to: string, messageKey: string, type: string, body: object, at: number, id: string = randomUUID()): OutboxMessage =>
    signServiceMessage({ topic: to, key: messageKey, value: Buffer.from(JSON.stringify(body)), headers: envelope({ id, type: `countersign.policy.${type}.v1`, source: 'policy', time: at, tenant }) }, key);

  const lineUp: BundleMessages['lineUp'] = (state, order, at, archives) => {
    const files = [state.active, state.beside].flatMap((slot) => {
      const archive = slot === null ? undefined : archives.get(slot.digest);
      if (slot === null || archive === undefined) return [];
      const body: PolicyBundle = { name, tenant, version: slot.version, digest: slot.digest, archive };
      return [message(topics.bundles, `${name}/${slot.digest}`, 'bundle', body, at)];
    });
    const body: BundleLineUp = { name, tenant, activation: state.activation, at, order, active: slotOf(state.active), beside: slotOf(state.beside) };
    return [...files, message(topics.bundles, name, 'lineup', body, at)];
  };

  const atOf = (event: BundleEvent): number => ('slot' in event ? event.slot.at : 'order' in event ? event.order.at : 'review' in event ? event.review.at : event.at);
  const onRecord = (event: BundleEvent, version: number, by: string): OutboxMessage => {
    const body: ServiceEvent = { stream: `bundle:${name}`, version, type: event.type, at: atOf(event), by, data: JSON.parse(JSON.stringify(event)) as ServiceEvent['data'] };
    return message(topics.events, body.stream, 'event', body, body.at, entryId(body.stream, version));
  };

  return {
    lineUp,
    toMessages: (events, state, version, by, archives) => {
      const changed = events.findLast((event) => orderOf(event) !== undefined);
      return [
        ...events.map((event, i) => onRecord(event, version - events.length + 1 + i, by)),
        ...(changed === undefined ? [] : lineUp(state, orderOf(changed)!, atOf(changed), archives)),
      ];
    },
  };
};
