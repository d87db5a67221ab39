/** A version of a bundle: its own name for itself, and the digest of its files. */
export interface VersionRef { readonly version: string; readonly digest: string }

/** One way in which a version asks less than another, with a concrete case. */
export interface Loosened { readonly what: string; readonly rule: string | null; readonly tool: string | null; readonly before: string; readonly after: string; readonly facts: Readonly<Record<string, unknown>> | null }
/** What a version loosens against `base`; `counterexample` is the digest of the list, which a reviewer signs. */
export interface Comparison { readonly base: string; readonly digest: string; readonly loosened: readonly Loosened[]; readonly counterexample: string }

export type Mode = 'shadow' | 'canary';
export type Purpose = 'activate' | 'rollback' | Mode | 'withdraw';

/** A version in force and who put it there; `author` is the author's statement, null for what a service was installed with. */
export interface Slot extends VersionRef { readonly activation: number; readonly by: string; readonly at: number; readonly author: string | null; readonly order: string; readonly review: string | null; readonly reviewedBy: string | null }
export interface Beside extends Slot { readonly mode: Mode; /** 1 to 100; of a shadow 100. */ readonly percent: number }

export interface Order extends VersionRef { readonly activation: number; readonly base: string; readonly purpose: 'activate' | 'rollback'; readonly by: string; readonly jws: string; readonly at: number }
export interface Review extends VersionRef { readonly activation: number; readonly base: string; readonly counterexample: string; readonly reason: string; readonly by: string; readonly jws: string; readonly at: number }

/** What happens to a bundle, in the order in which it happened; every one goes on the record. */
export type BundleEvent =
  | (VersionRef & { readonly type: 'bundle.published'; readonly author: string; readonly jws: string; /** What lint and tests said that is no refusal. */ readonly notes: readonly string[]; readonly at: number })
  | (Comparison & { readonly type: 'bundle.compared'; readonly at: number })
  /** It loosens, so it waits for a second person. */
  | { readonly type: 'bundle.ordered'; readonly order: Order }
  | { readonly type: 'bundle.reviewed'; readonly review: Review }
  | { readonly type: 'bundle.activated' | 'bundle.rolled_back'; readonly slot: Slot }
  | { readonly type: 'bundle.shadowed' | 'bundle.canaried'; readonly slot: Beside }
  | (VersionRef & { readonly type: 'bundle.withdrawn'; readonly activation: number; readonly by: string; readonly jws: string; readonly at: number })
  | { readonly type: 'bundle.acknowledged'; readonly evaluator: string; readonly activation: number; readonly version: string; readonly at: number }
  /** Somebody known was refused, or an evaluator kept what it had: `what` was wanted. */
  | { readonly type: 'bundle.refused'; readonly what: string; readonly code: string; readonly detail: string; readonly by: string; readonly activation: number | null; readonly at: number };
