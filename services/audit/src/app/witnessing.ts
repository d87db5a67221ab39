import type { Witness, WitnessPolicy } from '../core/witness-policy.ts';

/** What a witness answered. `conflict`: it saw another size last. `refused`: it will not sign this, asked again or not. */
export type Answer =
  | { readonly kind: 'cosigned'; readonly line: string }
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unreachable'; readonly why: string };

export interface WitnessStore {
  /** The last signed checkpoint; undefined before the first one. */
  signed(): Promise<{ readonly size: number; readonly note: string; readonly cosigned: ReadonlySet<string> } | undefined>;
  /** The size a witness cosigned last, 0 for none. */
  seen(witness: string): Promise<number>;
  saw(witness: string, size: number): Promise<void>;
  /** Keeps a cosignature, and publishes the checkpoint where `publish`. */
  cosigned(size: number, witness: string, line: string, publish: boolean): Promise<void>;
}

interface Deps {
  readonly policy: WitnessPolicy;
  readonly store: WitnessStore;
  /** `old` and the consistency proof from there. */
  readonly ask: (witness: Witness, old: number, size: number, note: string) => Promise<Answer>;
  /** A witness that saw a tree which is not a prefix of ours: the log was forked or rolled back, or its key is used elsewhere. */
  readonly alarm: (witness: string, why: string) => void;
}

export interface Witnessing {
  /** Has the last signed checkpoint cosigned by whoever has not done so. One round at a time; another call while one runs waits for it. */
  round(): Promise<void>;
}

/** Carries each newly signed checkpoint to the witnesses of the policy. Nothing waits for them but the publication of that checkpoint. */
export const createWitnessing = ({ policy, store, ask, alarm }: Deps): Witnessing => {
  let running: Promise<void> | undefined;

  const cosign = async (witness: Witness, size: number, note: string): Promise<string | undefined> => {
    let old = await store.seen(witness.name);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await ask(witness, old, size, note);
      if (answer.kind === 'cosigned') {
        await store.saw(witness.name, size);
        return answer.line;
      }
      if (answer.kind === 'unreachable') return undefined;
      if (answer.kind === 'refused') { alarm(witness.name, answer.why); return undefined; }
      if (answer.size > size) { alarm(witness.name, `it has seen a tree of ${answer.size} entries, and this log has ${size}`); return undefined; }
      old = answer.size;
    }
    return undefined;
  };

  const round = async (): Promise<void> => {
    const signed = await store.signed();
    if (!signed) return;
    const cosigned = new Set(signed.cosigned);
    await Promise.all(policy.witnesses.filter((witness) => witness.url !== null && !cosigned.has(witness.name)).map(async (witness) => {
      const line = await cosign(witness, signed.size, signed.note);
      if (line === undefined) return;
      cosigned.add(witness.name);
      await store.cosigned(signed.size, witness.name, line, policy.satisfied(cosigned));
    }));
  };
  return { round: () => running ??= round().finally(() => { running = undefined; }) };
};
