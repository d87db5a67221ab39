import type { BundleHistoryView } from '@countersign/contracts';
import type { StoredEvent } from '@countersign/event-store';
import type { BundleEvent } from '../../core/bundles/events.ts';

type Entry = BundleHistoryView['events'][number];
type Said = Pick<Entry, 'version' | 'digest' | 'activation' | 'detail' | 'statement'>;

const most = 500;

/** What happened to a bundle after the given position, in order, as policy's own event store has it; `next` asks for more. */
export const historyOf = (name: string, stored: readonly StoredEvent[], after: number): BundleHistoryView => {
  const left = stored.filter(({ version }) => version > after);
  const shown = left.slice(0, most);
  return {
    name, next: left.length > most ? shown.at(-1)!.version : null,
    events: shown.map(({ version, type, at, by, data }) => ({ position: version, id: entryId(`bundle:${name}`, version), at, by, type: type as BundleEvent['type'], ...said(data as BundleEvent) })),
  };
};

/** `ce_id` of an event's message, and so the id of its entry in the audit log: whoever reads the one finds the other. */
export const entryId = (stream: string, version: number): string => `${stream}@${version}`;

const said = (event: BundleEvent): Said => {
  switch (event.type) {
    case 'bundle.published': return { version: event.version, digest: event.digest, activation: null, detail: event.notes.length === 0 ? null : `${event.notes.length} ${event.notes.length === 1 ? 'note' : 'notes'} of tests and lint`, statement: event.jws };
    case 'bundle.compared': return { version: null, digest: event.digest, activation: null, detail: event.loosened.length === 0 ? 'loosens nothing' : `loosens: ${event.loosened.map(({ what }) => what).join('; ').slice(0, 900)}`, statement: null };
    case 'bundle.ordered': return { version: event.order.version, digest: event.order.digest, activation: event.order.activation, detail: `${event.order.purpose}: waits for a second person`, statement: event.order.jws };
    case 'bundle.reviewed': return { version: event.review.version, digest: event.review.digest, activation: event.review.activation, detail: event.review.reason, statement: event.review.jws };
    case 'bundle.activated':
    case 'bundle.rolled_back':
    case 'bundle.shadowed': return { version: event.slot.version, digest: event.slot.digest, activation: event.slot.activation, detail: event.slot.reviewedBy === null ? null : `ordered by ${event.slot.by}, reviewed by ${event.slot.reviewedBy}`, statement: event.slot.order };
    case 'bundle.canaried': return { version: event.slot.version, digest: event.slot.digest, activation: event.slot.activation, detail: 'percent' in event.slot ? `${event.slot.percent} %` : null, statement: event.slot.order };
    case 'bundle.withdrawn': return { version: event.version, digest: event.digest, activation: event.activation, detail: null, statement: event.jws };
    case 'bundle.acknowledged': return { version: event.version, digest: null, activation: event.activation, detail: null, statement: null };
    case 'bundle.refused': return { version: null, digest: null, activation: event.activation, detail: `${event.what}: ${event.code}: ${event.detail}`.slice(0, 1_000), statement: null };
  }
};
