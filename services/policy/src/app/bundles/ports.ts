import type { OutboxMessage } from '@countersign/event-store';
import type { BundleEvent, Loosened } from '../../core/bundles/events.ts';
import type { BundleState } from '../../core/bundles/state.ts';

export interface BundleFile { readonly path: string; readonly text: string }
export interface Checked { readonly version: string | null; /** Why it cannot be used, each with its place. */ readonly problems: readonly string[]; /** What reviewers should know. */ readonly notes: readonly string[] }

/** How a bundle's own tests came out; `first` says of the first that failed what was expected and what came. */
export interface TestsRun { readonly passed: number; readonly failed: number; readonly first: string | null }

/** What is found out about a bundle before people sign for it; it may take seconds and happens beside the hot path. */
export interface BundleChecks {
  /** Parses, type-checks, runs the bundle's own tests, and lints. */
  check(files: readonly BundleFile[]): Promise<Checked>;
  /** Runs the bundle's own tests against the catalogue as it is. */
  test(files: readonly BundleFile[]): Promise<TestsRun>;
  /** Every way in which `next` asks less than `old`; what cannot be decided counts as one. */
  compare(old: readonly BundleFile[], next: readonly BundleFile[]): Promise<readonly Loosened[]>;
}

/** Files by digest; what is kept under one never changes. */
export interface BundleArchives {
  put(digest: string, archive: string): Promise<void>;
  get(digest: string): Promise<string | undefined>;
}

/** Domain events as messages: to the evaluators what is in force, to the record everything. */
export type ToBundleMessages = (events: readonly BundleEvent[], state: BundleState, version: number, by: string, archives: ReadonlyMap<string, string>) => readonly OutboxMessage[];
