import type { BundleHistoryView, BundleStatusView, BundleVersionView, DifferencesView } from '@countersign/contracts';
import type { Outcome } from '@countersign/kernel';
import type { BundleCode } from '../../core/bundles/commands.ts';
import type { BundleEvent, Comparison, Loosened, Purpose, VersionRef } from '../../core/bundles/events.ts';
import { previousOf } from '../../core/bundles/state.ts';
import type { BundleState } from '../../core/bundles/state.ts';
import type { BundleHandler } from './handle.ts';
import { historyOf } from './history.ts';
import type { BundleArchives, BundleChecks, BundleFile } from './ports.ts';

interface Statement { readonly sub: string; readonly version: string; readonly digest: string }
interface OrderStatement extends Statement { readonly base: string; readonly activation: number; readonly purpose: Purpose; readonly percent: number }
interface ReviewStatement extends Statement { readonly base: string; readonly activation: number; readonly counterexample: string; readonly reason: string }
type Read<S> = { readonly ok: true; readonly statement: S; readonly roles: readonly string[] } | { readonly ok: false; readonly code: string; readonly detail: string };

export interface DoorPorts {
  readonly name: string;
  readonly handler: BundleHandler;
  readonly statements: { read(kind: 'bundle', jws: string): Read<Statement>; read(kind: 'bundle-order', jws: string): Read<OrderStatement>; read(kind: 'bundle-review', jws: string): Read<ReviewStatement> };
  readonly archives: BundleArchives;
  readonly checks: BundleChecks;
  readonly builtIn: VersionRef & { readonly files: readonly BundleFile[] };
  readonly pack: (files: readonly BundleFile[]) => string;
  readonly unpack: (archive: string) => readonly BundleFile[];
  readonly digestOf: (files: readonly BundleFile[]) => string;
  readonly differences: (of: { readonly version: string; readonly mode: 'shadow' | 'canary' } | null) => Promise<DifferencesView>;
  readonly now: () => number;
}

/** A refusal with a code of contracts/errors.yaml; the controller makes it what the host shows. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** What people do to bundles, and what they see of them. `by` is who asks; their statement has to be their own. */
export interface Door {
  publish(archive: string, jws: string, by: string): Promise<BundleVersionView>;
  order(jws: string, by: string): Promise<BundleStatusView>;
  review(jws: string, by: string): Promise<BundleStatusView>;
  status(): Promise<BundleStatusView>;
  version(version: string): Promise<BundleVersionView>;
  differences(): Promise<DifferencesView>;
  /** Who did what, after the given position. */
  history(after: number): Promise<BundleHistoryView>;
}

export const createDoor = (ports: DoorPorts): Door => {
  const { handler, statements, builtIn, now } = ports;

  /** Who is known and whose statement is no good stands on the record with it. */
  const refuse = async (what: string, code: string, detail: string, by: string): Promise<never> => {
    await handler.handle({ type: 'refuse', what, code, detail: detail.slice(0, 1_000), by, activation: null, now: now() }, by);
    throw new Refusal(code, detail);
  };
  const own = async <S extends Statement>(what: string, read: Read<S>, by: string): Promise<Extract<Read<S>, { ok: true }>> => {
    if (!read.ok) return refuse(what, read.code, read.detail, by);
    if (read.statement.sub !== by) return refuse(what, 'wrong_person', `signed by ${read.statement.sub}, sent by ${by}`, by);
    return read;
  };
  const accepted = (outcome: Outcome<BundleEvent, BundleCode>): void => { if (outcome.status === 'refused') throw new Refusal(outcome.code, outcome.detail); };
  const compared = async (state: BundleState, ref: VersionRef): Promise<Comparison> => {
    if (ref.digest !== builtIn.digest && !state.versions.some(({ digest }) => digest === ref.digest)) throw new Refusal('not_found', `version ${ref.version} with this digest was never published`);
    return handler.compare(state, ref);
  };

  const versionView = async (state: BundleState, ref: VersionRef): Promise<BundleVersionView> => {
    const published = state.versions.find(({ digest }) => digest === ref.digest);
    const files = await handler.filesOf(ref);
    const current = (state.active ?? builtIn).digest === ref.digest;
    return {
      version: ref.version, digest: ref.digest, author: published?.author ?? null, at: published?.at ?? null, notes: published?.notes ?? [],
      comparison: current ? null : comparisonView(await handler.compare(state, ref)), archive: files === undefined ? null : ports.pack(files),
    };
  };
  const view = async (state: BundleState): Promise<BundleStatusView> => {
    const { active, beside, pending } = state;
    const compared = pending && state.comparisons.find(({ base, digest }) => base === pending.base && digest === pending.digest);
    return {
      name: ports.name, activation: state.activation,
      active: active === null ? { version: builtIn.version, digest: builtIn.digest, activation: 0, by: null, reviewedBy: null, at: null } : { version: active.version, digest: active.digest, activation: active.activation, by: active.by, reviewedBy: active.reviewedBy, at: active.at },
      previous: previousOf(state, builtIn) ?? null,
      beside: beside && { mode: beside.mode, percent: beside.percent, version: beside.version, digest: beside.digest, activation: beside.activation, by: beside.by, at: beside.at },
      pending: pending && compared ? { activation: pending.activation, purpose: pending.purpose, version: pending.version, digest: pending.digest, by: pending.by, at: pending.at, comparison: comparisonView(compared) } : null,
      versions: state.versions.slice(-1_000).map(({ version, digest, author, at }) => ({ version, digest, author, at })),
      evaluators: state.evaluators,
    };
  };

  return {
    publish: async (archive, jws, by) => {
      const { statement, roles } = await own('publish', statements.read('bundle', jws), by);
      const { version, digest } = statement;
      let files: readonly BundleFile[];
      try {
        files = ports.unpack(archive);
      } catch (error) {
        return refuse(`publish ${version}`, 'bundle_invalid', (error as Error).message, by);
      }
      if (ports.digestOf(files) !== digest) return refuse(`publish ${version}`, 'signature_invalid', 'the files are not those that are signed', by);
      const checked = await ports.checks.check(files);
      const problems = checked.version === null || checked.version === version ? checked.problems : [...checked.problems, `bundle.yaml says version ${checked.version}, and ${version} is signed`];
      // The author packed it; what travels on is packed here again.
      if (problems.length === 0) await ports.archives.put(digest, ports.pack(files));
      const { outcome, state } = await handler.handle({ type: 'publish', version, digest, by, roles, jws, builtIn, problems, notes: checked.notes.slice(0, 50).map((note) => note.slice(0, 500)), now: now() }, by);
      accepted(outcome);
      return versionView(state, { version, digest });
    },
    order: async (jws, by) => {
      const { statement, roles } = await own('order', statements.read('bundle-order', jws), by);
      const { version, digest, base, purpose, activation, percent } = statement;
      const before = await handler.state();
      const comparison = purpose === 'activate' || purpose === 'rollback' ? await compared(before, { version, digest }) : null;
      const { outcome, state } = await handler.handle({ type: 'order', version, digest, base, purpose, activation, percent, by, roles, jws, builtIn, comparison, now: now() }, by);
      accepted(outcome);
      return view(state);
    },
    review: async (jws, by) => {
      const { statement, roles } = await own('review', statements.read('bundle-review', jws), by);
      const { version, digest, base, activation, counterexample, reason } = statement;
      const comparison = await compared(await handler.state(), { version, digest });
      const { outcome, state } = await handler.handle({ type: 'review', version, digest, base, activation, counterexample, reason, by, roles, jws, builtIn, comparison, now: now() }, by);
      accepted(outcome);
      return view(state);
    },
    status: async () => view(await handler.state()),
    version: async (version) => {
      const state = await handler.state();
      const found = [...state.versions, builtIn].find((one) => one.version === version);
      if (found === undefined) throw new Refusal('not_found', 'there is no such version');
      return versionView(state, found);
    },
    history: async (after) => historyOf(ports.name, await handler.events(), after),
    differences: async () => {
      const { beside } = await handler.state();
      return ports.differences(beside && { version: beside.version, mode: beside.mode });
    },
  };
};

const comparisonView = ({ base, loosened, counterexample }: Comparison): NonNullable<BundleVersionView['comparison']> => ({ base, counterexample, loosened: loosened.map(loosenedView) });
const loosenedView = ({ what, rule, tool, before, after, facts }: Loosened): NonNullable<BundleVersionView['comparison']>['loosened'][number] => ({ what, rule, tool, before, after, facts: facts as never });
