import type { Disposition, Finding } from '@countersign/contracts';
import type { Entry } from '@countersign/anomaly/core/partition';
import { hour } from './fleet.ts';

/** What people know of a finding once they have looked. */
export type Truth = (finding: Finding) => Disposition['verdict'];

/** Analysts of the simulated house: every morning two of them look at what was found since the last one, and say what it was. */
export const analysts = (truth: Truth) => {
  let waiting: Finding[] = [];
  return {
    told: (findings: readonly Finding[]): void => { waiting.push(...findings); },
    /** What they say on a morning. One word confirms an attack, two take a finding back. */
    say: (day: number): readonly Entry[] => {
      const looked = waiting;
      waiting = [];
      return looked.flatMap((finding): Entry[] => {
        const verdict = truth(finding);
        return (verdict === 'true' ? ['ana'] : ['ana', 'abe']).map((person) => ({ kind: 'disposition', finding: finding.finding, tenant: finding.tenant, agent: finding.agent, verdict, person, reason: 'looked', jws: 'not.read.here', status: 'asked', at: day + 9 * hour }));
      });
    },
  };
};
