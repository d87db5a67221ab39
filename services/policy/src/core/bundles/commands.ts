import type { Comparison, Purpose, VersionRef } from './events.ts';

/** A person whose signature was verified at the door; roles as of now. */
interface Signed { readonly by: string; readonly roles: readonly string[]; readonly jws: string; readonly now: number }
/** What the service was installed with; decides while nothing was ever activated, and can be rolled back to. */
interface Installed { readonly builtIn: VersionRef }

export type BundleCommand =
  | (Signed & Installed & VersionRef & { readonly type: 'publish'; /** Why it cannot be used: compile errors and failed tests, each with its place. */ readonly problems: readonly string[]; readonly notes: readonly string[] })
  | (Signed & Installed & VersionRef & { readonly type: 'order'; readonly purpose: Purpose; readonly activation: number; readonly base: string; readonly percent: number; /** Against `base`; null where nothing can loosen. */ readonly comparison: Comparison | null })
  | (Signed & Installed & VersionRef & { readonly type: 'review'; readonly activation: number; readonly base: string; readonly counterexample: string; readonly reason: string; readonly comparison: Comparison })
  | { readonly type: 'acknowledge'; readonly evaluator: string; readonly activation: number; readonly version: string; readonly now: number }
  /** An evaluator, or the door, would not have something. */
  | { readonly type: 'refuse'; readonly what: string; readonly code: string; readonly detail: string; readonly by: string; readonly activation: number | null; readonly now: number };

export type BundleCode = 'forbidden' | 'bundle_invalid' | 'already_exists' | 'activation_stale' | 'conflict' | 'not_found' | 'invalid_transition' | 'self_approval';
