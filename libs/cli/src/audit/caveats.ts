import type { EvidenceManifest } from '@countersign/contracts';
import type { Leaf } from '@countersign/audit/core/entry';
import type { NoteSignature } from '@countersign/tamper-log';

/** What a signed head does not show, however well everything fits under it. @param served what the service says of its custody; undefined where nobody was asked */
export const headCaveats = (origin: string, signatures: readonly Pick<NoteSignature, 'name'>[], served?: readonly string[]): readonly string[] => {
  const others = new Set(signatures.map(({ name }) => name).filter((name) => name !== origin)).size;
  return [
    others === 0
      ? 'no witness cosigned this checkpoint: whoever holds the log\'s key may have signed another history for somebody else'
      : `${others} cosignatures were not checked: only who knows the witnesses' keys can (test/verifiers, "proof POLICY")`,
    ...served === undefined ? ['whether the operator can forge (key, database and last checkpoint in one hand) is not known offline: ask the running service without --offline, or compare with an earlier checkpoint of your own'] : [],
    'what was never submitted to the log, or came after this checkpoint, is not in it',
  ];
};

/** What an export of evidence does not show, by what is in it. */
export const evidenceCaveats = ({ run }: Pick<EvidenceManifest, 'run'>, leaves: readonly Leaf[]): readonly string[] => [
  'entries were chosen by the service\'s index: one that fits the question and is not here is missed only where it stood between governed records of the run',
  ...run !== null && !leaves.some((leaf) => leaf.run === run && leaf.type === 'countersign.governed.run.ended.v1') ? [`the end of run ${run} is not here: nothing shows that these are its last records`] : [],
  'that no vote, approval or halt is here does not show that there was none, and the signatures of the votes that are here were not checked',
];
