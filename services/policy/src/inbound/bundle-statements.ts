import type { BundleLineUp, PersonSnapshot } from '@countersign/contracts';
import { createKeySet, peekJws, verifyPersonStatement } from '@countersign/identity';
import type { BundleOrderStatement, KeySet, PersonStatements } from '@countersign/identity';
import { authorRole, reviewerRole } from '../core/bundles/decide.ts';
import type { VersionRef } from '../core/bundles/events.ts';

type Kind = 'bundle' | 'bundle-order' | 'bundle-review';
type Slot = NonNullable<BundleLineUp['active']>;
export type Read<K extends Kind> = { readonly ok: true; readonly statement: PersonStatements[K]; readonly roles: readonly string[] } | { readonly ok: false; readonly code: string; readonly detail: string };
/** `author`: who signed the files, of a slot that somebody did. */
export type Proved = { readonly ok: true; readonly order: BundleOrderStatement; readonly author?: string | undefined } | { readonly ok: false; readonly why: string };

export interface Statements {
  /**
   * A person's statement about this bundle, verified with their own key. `fresh`: they must be active now and on the list of publishers, if
   * there is one; what was in force before somebody left stays in force.
   */
  read<K extends Kind>(kind: K, jws: string, fresh?: boolean): Read<K>;
  /** Whether people who may do it put exactly this version into this place. */
  prove(slot: Slot, place: 'active' | 'beside', fresh: boolean): Proved;
  /** Whether this order made the line-up what it is: nobody can say so without a signature of a person. */
  ordered(lineUp: BundleLineUp, fresh: boolean): Proved;
}

export interface StatementOptions {
  readonly person: (id: string) => PersonSnapshot | undefined;
  readonly tenant: string;
  readonly bundle: string;
  readonly builtIn: VersionRef;
  /** People who may publish, order and review; null: whoever has the role. */
  readonly publishers: ReadonlySet<string> | null;
  readonly now: () => number;
}

const placeOf: Readonly<Record<BundleOrderStatement['purpose'], 'active' | 'beside' | null>> = { activate: 'active', rollback: 'active', shadow: 'beside', canary: 'beside', withdraw: null };

export const createStatements = ({ person, tenant, bundle, builtIn, publishers, now }: StatementOptions): Statements => {
  const keySets = new WeakMap<PersonSnapshot, KeySet>();
  const keysOf = (known: PersonSnapshot): KeySet => {
    let keys = keySets.get(known);
    if (keys === undefined) keySets.set(known, keys = createKeySet(known.keys));
    return keys;
  };
  const no = (why: string): { readonly ok: false; readonly why: string } => ({ ok: false, why });

  const read: Statements['read'] = (kind, jws, fresh = true) => {
    const id = peekJws(jws)?.['sub'];
    const known = typeof id === 'string' ? person(id) : undefined;
    if (known === undefined || known.tenant !== tenant || (fresh && known.status !== 'active')) return { ok: false, code: 'unauthenticated', detail: 'not signed by a person who is active here' };
    const verified = verifyPersonStatement(kind, jws, keysOf(known), { now: now(), person: known.person });
    if (!verified.ok) return { ok: false, code: 'signature_invalid', detail: `${verified.code}: ${verified.detail}` };
    const { statement } = verified;
    if (statement.tenant !== tenant || statement.bundle !== bundle) return { ok: false, code: 'signature_invalid', detail: `signed for ${statement.tenant}/${statement.bundle}; this is ${tenant}/${bundle}` };
    if (fresh && publishers?.has(known.person) === false) return { ok: false, code: 'forbidden', detail: `${known.person} is not among those who may publish here (CS_POLICY_PUBLISHERS)` };
    return { ok: true, statement, roles: known.roles };
  };

  const prove: Statements['prove'] = (slot, place, fresh) => {
    const order = read('bundle-order', slot.order, fresh);
    if (!order.ok) return no(`order: ${order.detail}`);
    const { statement } = order;
    if (statement.version !== slot.version || statement.digest !== slot.digest || placeOf[statement.purpose] !== place) return no('the order is signed for another version or place');
    if (fresh && !order.roles.some((role) => role === authorRole || role === reviewerRole)) return no(`${statement.sub} has no role to order this`);
    const author = authorOf(slot, fresh);
    if (author.why !== undefined) return no(author.why);
    if (slot.review === null) return { ok: true, order: statement, author: author.person };
    const review = read('bundle-review', slot.review, fresh);
    if (!review.ok) return no(`review: ${review.detail}`);
    const { sub, activation, base, version, digest } = review.statement;
    if (version !== slot.version || digest !== slot.digest || activation !== statement.activation || base !== statement.base) return no('the review is signed for something else');
    if (sub === statement.sub || sub === author.person) return no(`${sub} reviewed what they wrote or ordered themselves`);
    if (fresh && !review.roles.includes(reviewerRole)) return no(`${sub} has no role to review this`);
    return { ok: true, order: statement, author: author.person };
  };

  /** What was installed needs no author: whoever installs the service answers for it. */
  const authorOf = (slot: Slot, fresh: boolean): { readonly person?: string; readonly why?: string } => {
    if (slot.author === null) return slot.digest === builtIn.digest ? {} : { why: 'nobody has signed as author' };
    const author = read('bundle', slot.author, fresh);
    if (!author.ok) return { why: `author: ${author.detail}` };
    if (author.statement.version !== slot.version || author.statement.digest !== slot.digest) return { why: 'the author signed other files' };
    return fresh && !author.roles.includes(authorRole) ? { why: `${author.statement.sub} has no role to publish` } : { person: author.statement.sub };
  };

  const ordered: Statements['ordered'] = ({ activation, order: jws, active, beside }, fresh) => {
    const order = read('bundle-order', jws, fresh);
    if (!order.ok) return no(`order: ${order.detail}`);
    const { statement } = order;
    if (statement.activation !== activation) return no(`the order is signed for activation ${statement.activation}`);
    const place = placeOf[statement.purpose];
    if (place === 'active' && active?.order !== jws) return no('the order is not that of the active version');
    if (place === 'beside' && beside?.order !== jws) return no('the order is not that of the version beside');
    // Who signed saw this version active: an older one cannot be slipped under a newer order.
    if (place !== 'active' && statement.base !== (active?.digest ?? builtIn.digest)) return no('the order is signed on another active version');
    if (fresh && !order.roles.some((role) => role === authorRole || role === reviewerRole)) return no(`${statement.sub} has no role to order this`);
    return { ok: true, order: statement };
  };

  return { read, prove, ordered };
};
