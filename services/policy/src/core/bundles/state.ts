import { assertNever } from '@countersign/kernel';
import type { Beside, BundleEvent, Comparison, Order, Review, Slot, VersionRef } from './events.ts';

export interface Published extends VersionRef { readonly author: string; readonly jws: string; readonly notes: readonly string[]; readonly at: number }
export interface Acknowledged { readonly evaluator: string; readonly activation: number; readonly version: string; readonly at: number; readonly refused: string | null }

/** One bundle, by name. Versions are immutable; `activation` counts every change of what is in force and never goes back. */
export interface BundleState {
  readonly activation: number;
  readonly versions: readonly Published[];
  /** null: what the service was installed with decides. */
  readonly active: Slot | null;
  readonly beside: Beside | null;
  readonly pending: Order | null;
  /** Reviews of the next activation that came before its order. */
  readonly reviews: readonly Review[];
  /** What was active before, the latest last; null stands for what the service was installed with. */
  readonly before: readonly (VersionRef | null)[];
  readonly comparisons: readonly Comparison[];
  readonly evaluators: readonly Acknowledged[];
}

export const initialState: BundleState = { activation: 0, versions: [], active: null, beside: null, pending: null, reviews: [], before: [], comparisons: [], evaluators: [] };

/** Evaluators come and go with their processes: the latest are kept. */
const mostEvaluators = 32;
const mostComparisons = 64;

export const evolve = (state: BundleState, event: BundleEvent): BundleState => {
  switch (event.type) {
    case 'bundle.published': {
      const { version, digest, author, jws, notes, at } = event;
      return { ...state, versions: [...state.versions, { version, digest, author, jws, notes, at }] };
    }
    case 'bundle.compared': {
      const { base, digest, loosened, counterexample } = event;
      return { ...state, comparisons: [...state.comparisons, { base, digest, loosened, counterexample }].slice(-mostComparisons) };
    }
    case 'bundle.ordered':
      return { ...state, pending: event.order };
    case 'bundle.reviewed':
      return { ...state, reviews: [...state.reviews, event.review] };
    case 'bundle.activated':
    case 'bundle.rolled_back': {
      const before = [...state.before, state.active === null ? null : { version: state.active.version, digest: state.active.digest }];
      // What stands beside its own equal compares nothing.
      return { ...state, ...nextActivation(event.slot.activation), active: event.slot, before, beside: state.beside?.digest === event.slot.digest ? null : state.beside };
    }
    case 'bundle.shadowed':
    case 'bundle.canaried':
      return { ...state, ...nextActivation(event.slot.activation), beside: event.slot };
    case 'bundle.withdrawn':
      return { ...state, ...nextActivation(event.activation), beside: null };
    case 'bundle.acknowledged':
      return acknowledge(state, { evaluator: event.evaluator, activation: event.activation, version: event.version, at: event.at, refused: null });
    case 'bundle.refused': {
      if (event.activation === null) return state;
      const had = state.evaluators.find((one) => one.evaluator === event.by);
      return acknowledge(state, { evaluator: event.by, activation: had?.activation ?? 0, version: had?.version ?? '', at: event.at, refused: `activation ${event.activation}: ${event.detail}` });
    }
    default:
      return assertNever(event, 'bundle event');
  }
};

/** Whatever was signed for the activation that is over is void. */
const nextActivation = (activation: number): Pick<BundleState, 'activation' | 'pending' | 'reviews'> => ({ activation, pending: null, reviews: [] });

const acknowledge = (state: BundleState, one: Acknowledged): BundleState =>
  ({ ...state, evaluators: [...state.evaluators.filter(({ evaluator }) => evaluator !== one.evaluator), one].slice(-mostEvaluators) });

/** What rolling back goes to: what was active before the active one; undefined where nothing was. */
export const previousOf = (state: BundleState, builtIn: VersionRef): VersionRef | undefined => {
  const current = state.active?.digest ?? builtIn.digest;
  const earlier = state.before.map((one) => one ?? builtIn).findLast(({ digest }) => digest !== current);
  return earlier && { version: earlier.version, digest: earlier.digest };
};
