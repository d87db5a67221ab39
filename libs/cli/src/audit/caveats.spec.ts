import { describe, expect, it } from '@jest/globals';
import type { Leaf } from '@countersign/audit/core/entry';
import { evidenceCaveats, headCaveats } from './caveats.ts';

const leaf = (type: string, run: string) => ({ type: `countersign.${type}.v1`, run }) as Leaf;

describe('what verifying does not prove', () => {
  it('of a run without its end that it ended, and of anything that no vote was cast', () => {
    const open = evidenceCaveats({ run: 'r1' }, [leaf('governed.run.started', 'r1'), leaf('governed.run.ended', 'r2')]);
    expect(open).toEqual([expect.stringContaining('index'), 'the end of run r1 is not here: nothing shows that these are its last records', expect.stringContaining('no vote')]);
    expect(evidenceCaveats({ run: 'r1' }, [leaf('governed.run.ended', 'r1')])).toEqual([open[0], open[2]]);
    expect(evidenceCaveats({ run: null }, [])).toEqual([open[0], open[2]]);
  });

  it('that nobody else was shown another history, where cosignatures are missing or were not checked', () => {
    const [own, other] = [{ name: 'log' }, { name: 'witness' }];
    expect(headCaveats('log', [own]).join()).toContain('no witness cosigned');
    expect(headCaveats('log', [own, other, other]).join()).toContain('1 cosignatures were not checked');
  });

  it('offline, that the operator could not forge: online the service says it of itself', () => {
    expect([headCaveats('log', []).join().includes('operator can forge'), headCaveats('log', [], []).join().includes('operator can forge')]).toEqual([true, false]);
  });
});
