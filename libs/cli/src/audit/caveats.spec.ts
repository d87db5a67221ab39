import { describe, expect, it } from '@jest/globals';
import type { Leaf } from '@countersign/audit/core/entry';
import { evidenceCaveats, headCaveats } from './caveats.ts';
import type { Cosigned } from './cosigned.ts';

const noVotes = { verified: 0, unknown: 0, people: [] };
const alone: Cosigned = { policy: 'none', by: [], enough: true, others: 0 };
const leaf = (type: string, run: string) => ({ type: `countersign.${type}.v1`, run }) as Leaf;

describe('what verifying does not prove', () => {
  it('of a run without its end that it ended, and of anything that no vote was cast', () => {
    const open = evidenceCaveats({ run: 'r1' }, [leaf('governed.run.started', 'r1'), leaf('governed.run.ended', 'r2')], noVotes);
    expect(open).toEqual([expect.stringContaining('index'), 'the end of run r1 is not here: nothing shows that these are its last records', expect.stringContaining('no vote')]);
    expect(evidenceCaveats({ run: 'r1' }, [leaf('governed.run.ended', 'r1')], noVotes)).toEqual([open[0], open[2]]);
    expect(evidenceCaveats({ run: null }, [], noVotes)).toEqual([open[0], open[2]]);
  });

  it('of votes, how many hold and whose keys were not there', () => {
    expect(evidenceCaveats({ run: null }, [], { verified: 2, unknown: 1, people: ['tess'] }).at(-1)).toBe('the signatures of 2 votes hold under the keys that the record says were these people\'s; the signatures of 1 votes were not checked: the keys of tess are not here');
  });

  it('that nobody else was shown another history, where cosignatures are missing, by strangers, or under keys that came with the record', () => {
    const said = (cosigned: Partial<Cosigned>) => headCaveats({ ...alone, ...cosigned }, []).join('\n');
    expect(said({})).toContain('no witness cosigned');
    expect(said({ others: 2 })).toContain('2 cosignatures were not checked');
    expect(said({ policy: 'enclosed', by: ['basel'] })).toMatch(/^that basel cosigned was checked with the keys in the witness policy that came with the record/);
    expect(said({ policy: 'given', by: ['basel'] })).toBe('what was never submitted to the log, or came after this checkpoint, is not in it');
  });

  it('offline, that the operator could not forge: online the service says it of itself', () => {
    expect([headCaveats(alone).join().includes('operator can forge'), headCaveats(alone, []).join().includes('operator can forge')]).toEqual([true, false]);
  });
});
