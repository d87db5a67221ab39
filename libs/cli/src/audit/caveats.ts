import type { EvidenceManifest } from '@countersign/contracts';
import type { Leaf } from '@countersign/audit/core/entry';
import type { Cosigned } from './cosigned.ts';
import type { CheckedVotes } from './evidence/votes.ts';

/** What a signed head does not show, however well everything fits under it. @param served what the service says of its custody; undefined where nobody was asked */
export const headCaveats = ({ policy, by, others }: Cosigned, served?: readonly string[]): readonly string[] => {
  const them = by.join(', ');
  return [
    ...by.length === 0 && others === 0 ? ['no witness cosigned this checkpoint: whoever holds the log\'s key may have signed another history for somebody else'] : [],
    ...policy === 'enclosed' ? [`that ${them} cosigned was checked with the keys in the witness policy that came with the record: whose keys these are it cannot show (--witnesses FILE names a policy of your own)`] : [],
    ...others > 0 ? [`${others} cosignatures were not checked: no policy here names their keys (--witnesses FILE, or test/verifiers, "proof POLICY")`] : [],
    ...served === undefined ? ['whether the operator can forge (key, database and last checkpoint in one hand) is not known offline: ask the running service without --offline, or compare with an earlier checkpoint of your own'] : [],
    'what was never submitted to the log, or came after this checkpoint, is not in it',
  ];
};

const votesSaid = ({ verified, unknown, people }: CheckedVotes): string =>
  [...verified > 0 ? [`the signatures of ${verified} votes hold under the keys that the record says were these people's`] : [], ...unknown > 0 ? [`the signatures of ${unknown} votes were not checked: the keys of ${people.slice(0, 8).join(', ')} are not here`] : []].join('; ');

/** What an export of evidence does not show, by what is in it. */
export const evidenceCaveats = ({ run }: Pick<EvidenceManifest, 'run'>, leaves: readonly Leaf[], votes: CheckedVotes): readonly string[] => [
  'entries were chosen by the service\'s index: one that fits the question and is not here is missed only where it stood between governed records of the run',
  ...run !== null && !leaves.some((leaf) => leaf.run === run && leaf.type === 'countersign.governed.run.ended.v1') ? [`the end of run ${run} is not here: nothing shows that these are its last records`] : [],
  'that no vote, approval or halt is here does not show that there was none',
  ...votes.verified + votes.unknown > 0 ? [votesSaid(votes)] : [],
];
