import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider, Outcome } from '@countersign/kernel';
import type { BundleCode, BundleCommand } from './commands.ts';
import type { BundleEvent, Comparison, Slot, VersionRef } from './events.ts';
import { evolve, initialState, previousOf } from './state.ts';
import type { BundleState } from './state.ts';

type Decided = Outcome<BundleEvent, BundleCode>;
type Of<Type extends BundleCommand['type']> = Extract<BundleCommand, { type: Type }>;

export const authorRole = 'policy-author';
export const reviewerRole = 'policy-reviewer';

/** Publishing changes nothing by itself; one person may tighten; what loosens needs a second person who signed the counterexample. */
export const decide = (command: BundleCommand, state: BundleState): Decided => {
  switch (command.type) {
    case 'publish':
      return publish(command, state);
    case 'order':
      return order(command, state);
    case 'review':
      return review(command, state);
    case 'acknowledge': {
      const had = state.evaluators.find(({ evaluator }) => evaluator === command.evaluator);
      if (had?.activation === command.activation && had.refused === null) return nothingNew;
      return accepted({ type: 'bundle.acknowledged', evaluator: command.evaluator, activation: command.activation, version: command.version, at: command.now });
    }
    case 'refuse': {
      const { what, code, detail, by, activation, now: at } = command;
      return accepted({ type: 'bundle.refused', what, code, detail, by, activation, at });
    }
    default:
      return assertNever(command, 'bundle command');
  }
};

export const bundleDecider: Decider<BundleCommand, BundleEvent, BundleState, BundleCode> = { decide, evolve, initialState };

/** What somebody known tried and was refused is on the record too. */
const no = (command: Of<'publish' | 'order' | 'review'>, code: BundleCode, detail: string): Decided => {
  const what = command.type === 'order' ? command.purpose : command.type;
  return refused(code, detail, [{ type: 'bundle.refused', what: `${what} ${command.version}`, code, detail: detail.slice(0, 1_000), by: command.by, activation: null, at: command.now }]);
};

const publish = (command: Of<'publish'>, { versions }: BundleState): Decided => {
  const { version, digest, by, jws, now, notes, problems, builtIn } = command;
  if (!command.roles.includes(authorRole)) return no(command, 'forbidden', `publishing needs the role ${authorRole}`);
  if (problems.length > 0) return no(command, 'bundle_invalid', problems.join('\n'));
  const known = [...versions, builtIn].find((one) => one.version === version);
  if (known !== undefined && known.digest !== digest) return no(command, 'already_exists', `version ${version} has other files; a version never changes: give this one a new name in bundle.yaml`);
  if (known !== undefined) return nothingNew;
  return accepted({ type: 'bundle.published', version, digest, author: by, jws, notes, at: now });
};

/** What is not for this activation, on this base, or names no version there is. */
const misplaced = (command: Of<'order' | 'review'>, state: BundleState): readonly [BundleCode, string] | undefined => {
  const { builtIn } = command;
  if (command.activation !== state.activation + 1) return ['activation_stale', `signed for activation ${command.activation}; the next is ${state.activation + 1}`];
  if (command.base !== (state.active ?? builtIn).digest) return ['activation_stale', 'signed on another base than is active'];
  const known = [...state.versions, builtIn].some((one) => one.version === command.version && one.digest === command.digest);
  return known ? undefined : ['not_found', `version ${command.version} with this digest was never published`];
};

const order = (command: Of<'order'>, state: BundleState): Decided => {
  if (!command.roles.some((role) => role === authorRole || role === reviewerRole)) return no(command, 'forbidden', `this needs the role ${authorRole} or ${reviewerRole}`);
  const wrong = misplaced(command, state);
  if (wrong !== undefined) return no(command, ...wrong);
  const { version, digest, activation, purpose, by, jws, now: at } = command;
  if (purpose === 'withdraw') return state.beside?.digest === digest ? accepted({ type: 'bundle.withdrawn', version, digest, activation, by, jws, at }) : no(command, 'invalid_transition', 'this version does not stand beside the active one');
  if (command.base === digest) return no(command, 'invalid_transition', 'this version is active');
  const slot: Slot = { version, digest, activation, by, at, author: authorOf(state, digest)?.jws ?? null, order: jws, review: null, reviewedBy: null };
  if (purpose === 'shadow') return accepted({ type: 'bundle.shadowed', slot: { ...slot, mode: purpose, percent: 100 } });
  if (purpose === 'canary') return accepted({ type: 'bundle.canaried', slot: { ...slot, mode: purpose, percent: command.percent } });
  if (purpose === 'rollback' && !wasActive(state, command.builtIn, digest)) return no(command, 'invalid_transition', 'this version was never active: activate it instead');
  const { comparison } = command;
  if (comparison === null || comparison.base !== command.base || comparison.digest !== digest) return no(command, 'conflict', 'what is active changed meanwhile');
  const compared = remembered(state, comparison, at);
  const second = state.reviews.find((one) => one.activation === activation && one.digest === digest && one.base === command.base && one.counterexample === comparison.counterexample && one.by !== by);
  if (comparison.loosened.length === 0 || second !== undefined) return accepted(...compared, inForce(purpose, { ...slot, review: second?.jws ?? null, reviewedBy: second?.by ?? null }));
  const waiting = { version, digest, activation, base: command.base, purpose, by, jws, at };
  return state.pending?.jws === jws ? nothingNew : accepted(...compared, { type: 'bundle.ordered', order: waiting });
};

const review = (command: Of<'review'>, state: BundleState): Decided => {
  if (!command.roles.includes(reviewerRole)) return no(command, 'forbidden', `reviewing needs the role ${reviewerRole}`);
  const wrong = misplaced(command, state);
  if (wrong !== undefined) return no(command, ...wrong);
  const { version, digest, activation, base, counterexample, reason, by, jws, now: at, comparison } = command;
  if (comparison.base !== base || comparison.digest !== digest) return no(command, 'conflict', 'what is active changed meanwhile');
  if (counterexample !== comparison.counterexample) return no(command, 'activation_stale', 'the review names another counterexample than is shown');
  if (authorOf(state, digest)?.author === by) return no(command, 'self_approval', 'whoever wrote a version cannot review it');
  const { pending } = state;
  const answers = pending !== null && pending.activation === activation && pending.digest === digest;
  if (answers && pending.by === by) return no(command, 'self_approval', 'whoever ordered an activation cannot review it');
  if (state.reviews.some((one) => one.by === by && one.digest === digest)) return nothingNew;
  const reviewed: BundleEvent = { type: 'bundle.reviewed', review: { version, digest, activation, base, counterexample, reason, by, jws, at } };
  const compared = remembered(state, comparison, at);
  if (!answers) return accepted(...compared, reviewed);
  const slot: Slot = { version, digest, activation, by: pending.by, at, author: authorOf(state, digest)?.jws ?? null, order: pending.jws, review: jws, reviewedBy: by };
  return accepted(...compared, reviewed, inForce(pending.purpose, slot));
};

const inForce = (purpose: 'activate' | 'rollback', slot: Slot): BundleEvent => ({ type: purpose === 'activate' ? 'bundle.activated' : 'bundle.rolled_back', slot });
const authorOf = (state: BundleState, digest: string): { readonly author: string; readonly jws: string } | undefined => state.versions.find((one) => one.digest === digest);
const wasActive = (state: BundleState, builtIn: VersionRef, digest: string): boolean => previousOf(state, builtIn) !== undefined && state.before.some((one) => (one ?? builtIn).digest === digest);

/** A comparison is on the record once, so that what a reviewer signs stands there. */
const remembered = (state: BundleState, comparison: Comparison, at: number): BundleEvent[] =>
  (state.comparisons.some((one) => one.base === comparison.base && one.digest === comparison.digest) ? [] : [{ type: 'bundle.compared', ...comparison, at }]);
