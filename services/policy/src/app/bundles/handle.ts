import { decideAndAppend } from '@countersign/event-store';
import type { EventStore, StoredEvent } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import type { BundleCode, BundleCommand } from '../../core/bundles/commands.ts';
import { bundleDecider } from '../../core/bundles/decide.ts';
import type { BundleEvent, Comparison, VersionRef } from '../../core/bundles/events.ts';
import type { BundleState } from '../../core/bundles/state.ts';
import type { BundleArchives, BundleChecks, BundleFile, ToBundleMessages } from './ports.ts';

export interface BundleHandlerPorts {
  readonly name: string;
  readonly store: EventStore;
  readonly archives: BundleArchives;
  readonly checks: BundleChecks;
  readonly unpack: (archive: string) => readonly BundleFile[];
  /** What the service was installed with. */
  readonly builtIn: VersionRef & { readonly files: readonly BundleFile[] };
  /** base64url SHA-256 of the canonical JSON. */
  readonly digest: (value: unknown) => string;
  readonly toMessages: ToBundleMessages;
  /** The outbox has something. */
  readonly changed: () => void;
}

export interface BundleHandler {
  state(): Promise<BundleState>;
  /** Everything that happened, in order. */
  events(): Promise<readonly StoredEvent[]>;
  handle(command: BundleCommand, by: string): Promise<{ readonly outcome: Outcome<BundleEvent, BundleCode>; readonly state: BundleState }>;
  /** The remembered comparison, or a new one: two versions are compared once, so that everybody signs the same counterexample. */
  compare(state: BundleState, next: VersionRef): Promise<Comparison>;
  /** undefined where it was never published. */
  filesOf(ref: VersionRef): Promise<readonly BundleFile[] | undefined>;
}

/** load → decide → append, with what evaluators and audit must hear in the outbox of the same transaction. */
export const createBundleHandler = (ports: BundleHandlerPorts): BundleHandler => {
  const { store, archives, builtIn } = ports;
  const stream = `bundle:${ports.name}`;
  const state = async (): Promise<BundleState> => fold(bundleDecider, (await store.load(stream)).events.map((event) => event.data as BundleEvent));
  const filesOf: BundleHandler['filesOf'] = async ({ digest }) => {
    if (digest === builtIn.digest) return builtIn.files;
    const archive = await archives.get(digest);
    return archive === undefined ? undefined : ports.unpack(archive);
  };
  /** Comparing takes seconds: two people who ask at once share the answer. */
  const comparing = new Map<string, Promise<Comparison>>();

  return {
    state, filesOf,
    events: async () => (await store.load(stream)).events,
    compare: async (now, next) => {
      const base = (now.active ?? builtIn).digest;
      const known = now.comparisons.find((one) => one.base === base && one.digest === next.digest);
      if (known !== undefined) return known;
      const key = `${base} ${next.digest}`;
      const made = comparing.get(key) ?? (async () => {
        const [old, files] = await Promise.all([filesOf(now.active ?? builtIn), filesOf(next)]);
        if (old === undefined || files === undefined) throw new Error(`the files of ${base} or ${next.digest} are gone`);
        const loosened = (await ports.checks.compare(old, files)).slice(0, mostLoosened);
        return { base, digest: next.digest, loosened, counterexample: ports.digest(loosened) };
      })();
      comparing.set(key, made);
      // Kept for who asks next, until there are many; a failure is tried again.
      if (comparing.size > 32) comparing.delete(comparing.keys().next().value!);
      made.catch(() => comparing.delete(key));
      return made;
    },
    handle: async (command, by) => {
      // The same bytes for every attempt; a line-up names two versions at the most, and they are content-addressed.
      const before = await state();
      const wanted = [command, before.active, before.beside, before.pending].flatMap((one) => (one !== null && 'digest' in one ? [one.digest] : []));
      const found = new Map<string, string>();
      for (const digest of wanted) {
        const archive = await archives.get(digest);
        if (archive !== undefined) found.set(digest, archive);
      }
      const { outcome, state: after } = await decideAndAppend({
        store, decider: bundleDecider, stream, command, at: command.now, by,
        outbox: (events, then, version) => ports.toMessages(events, then, version, by, found),
      });
      if (outcome.status !== 'nothing-new' && outcome.events.length > 0) ports.changed();
      return { outcome, state: after };
    },
  };
};

/** Most cases that go onto the record. */
const mostLoosened = 20;
