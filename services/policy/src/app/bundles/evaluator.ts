import type { BundleLineUp } from '@countersign/contracts';
import type { Mode, VersionRef } from '../../core/bundles/events.ts';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import type { CompiledBundle } from '../../core/rules/compile.ts';

/** A version that was read, checked and compiled. `author`: who signed its files; absent where it came with the installation. */
export interface Prepared extends VersionRef { readonly spec: BundleSpec; readonly bundle: CompiledBundle; readonly author?: string | undefined }
/** What batches decide by, as one pointer: swapped whole, between batches. */
export interface InForce { readonly activation: number; readonly active: Prepared; readonly beside: (Prepared & { readonly mode: Mode; readonly percent: number }) | null }

type Slot = NonNullable<BundleLineUp['active']>;
type Proof = { readonly ok: true; readonly order: { readonly activation: number; readonly purpose: string; readonly percent: number }; readonly author?: string | undefined } | { readonly ok: false; readonly why: string };

export interface EvaluatorPorts {
  readonly builtIn: Prepared;
  readonly prove: (slot: Slot, place: 'active' | 'beside', fresh: boolean) => Proof;
  readonly ordered: (lineUp: BundleLineUp, fresh: boolean) => Proof;
  /** Finds the files, checks their digest, compiles. Throws where it cannot. */
  readonly prepare: (ref: VersionRef) => Promise<Prepared>;
  /** What the second asks less than the first, or could ask less, in a sentence; null where it is nothing. */
  readonly loosens: (from: Prepared, to: Prepared) => Promise<string | null>;
  /** The last line-up any evaluator of this database has verified; activation 0 stands for what was installed. */
  readonly load: () => Promise<{ readonly activation: number; readonly lineUp: BundleLineUp | null } | undefined>;
  /** Grow-only. False where a higher activation, or another line-up of the same, is kept. */
  readonly save: (activation: number, lineUp: BundleLineUp | null) => Promise<boolean>;
  readonly swap: (inForce: InForce) => void;
  readonly acknowledge: (inForce: InForce) => Promise<void>;
  readonly refuse: (activation: number, why: string) => Promise<void>;
  readonly onError: (error: Error) => void;
}

export interface Evaluator {
  /** What was in force before this process began, or what it was installed with where nothing ever was. @param published whether the topic holds any line-up */
  begin(published: boolean): Promise<void>;
  /** A line-up that was published. Verified, compiled and swapped in, or refused: then the last good one stays. One after the other. */
  take(lineUp: BundleLineUp): Promise<void>;
  /** Whether exactly this version decides now. */
  current(): InForce | undefined;
}

/** Keeps one process' pointer to what is in force. It goes only forward, and only by the signatures of people. */
export const createEvaluator = (ports: EvaluatorPorts): Evaluator => {
  let inForce: InForce | undefined;
  let applied: BundleLineUp | null = null;
  let complained = '';
  let last: Promise<void> = Promise.resolve();

  const refuse = async (lineUp: BundleLineUp, why: string): Promise<void> => {
    const complaint = `${lineUp.activation} ${lineUp.order} ${why}`;
    if (complaint === complained) return;
    complained = complaint;
    await ports.refuse(lineUp.activation, why);
  };

  /** Compiles a line-up that was proved; what did not change is taken over as it is. */
  const build = async (lineUp: BundleLineUp, fresh: boolean): Promise<InForce | string> => {
    const made = ports.ordered(lineUp, fresh);
    if (!made.ok) return made.why;
    const { active, beside } = lineUp;
    let deciding = inForce?.active ?? ports.builtIn;
    if (active === null && applied !== null && applied.active !== null) return 'what was installed does not come back by itself: roll back to it';
    if (active !== null && active.order !== applied?.active?.order) {
      const proved = ports.prove(active, 'active', fresh);
      if (!proved.ok) return proved.why;
      if (proved.order.activation > lineUp.activation) return 'the active version is ordered for a later activation';
      const next = await ports.prepare(active);
      if (active.review === null && fresh) {
        const why = inForce === undefined ? 'nothing is known that it could be compared with' : await ports.loosens(inForce.active, next);
        if (why !== null) return `nobody has reviewed it, and it loosens: ${why}`;
      }
      deciding = { ...next, author: proved.author };
    }
    if (beside === null) return { activation: lineUp.activation, active: deciding, beside: null };
    const proved = ports.prove(beside, 'beside', fresh && beside.order !== applied?.beside?.order);
    if (!proved.ok) return `beside: ${proved.why}`;
    const prepared = inForce?.beside?.digest === beside.digest ? inForce.beside : await ports.prepare(beside);
    const { version, digest, spec, bundle } = prepared;
    return { activation: lineUp.activation, active: deciding, beside: { version, digest, spec, bundle, mode: proved.order.purpose as Mode, percent: proved.order.percent } };
  };

  const apply = async (lineUp: BundleLineUp): Promise<void> => {
    const at = inForce?.activation ?? 0;
    if (lineUp.activation === at && lineUp.order === applied?.order) return;
    if (inForce !== undefined && lineUp.activation <= at) return refuse(lineUp, `activation ${at} is in force: an older one does not come back`);
    const built = await build(lineUp, true).catch((error: Error) => error.message);
    if (typeof built === 'string') return refuse(lineUp, built);
    if (!await ports.save(built.activation, lineUp)) return refuse(lineUp, 'a later activation, or another of this number, is kept already');
    inForce = built;
    applied = lineUp;
    ports.swap(built);
    await ports.acknowledge(built);
  };

  return {
    current: () => inForce,
    begin: async (published) => {
      const kept = await ports.load();
      if (kept === undefined && published) return;
      if (kept === undefined || kept.lineUp === null) {
        // On record that this was in force, so that a forged first activation leaves it in force after a restart too.
        await ports.save(0, null);
        inForce = { activation: 0, active: ports.builtIn, beside: null };
      } else {
        const built = await build(kept.lineUp, false);
        if (typeof built === 'string') throw new Error(`the activation that was in force does not verify any more: ${built}`);
        inForce = built;
        applied = kept.lineUp;
      }
      ports.swap(inForce);
      await ports.acknowledge(inForce).catch(ports.onError);
    },
    take: (lineUp) => {
      last = last.then(() => apply(lineUp)).catch((error: Error) => ports.onError(error));
      return last;
    },
  };
};
