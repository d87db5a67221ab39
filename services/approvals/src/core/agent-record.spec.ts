import { describe, expect, it } from '@jest/globals';
import type { Finding, GovernedRecord } from '@countersign/contracts';
import { noRecord, outcomeIn, withFinding, withOutcome } from './agent-record.ts';

const outcome = (action: string, at: number, status = 'succeeded') => ({ run: 'r', action, tool: 'pay', status, at });
const finding = (id: string, at: number): Finding => ({ finding: id, kind: 'behaviour', severity: 'high', explanation: 'odd'.repeat(1_000), at }) as Finding;

describe('an agent\'s record', () => {
  it('keeps what became of its last actions, each once, the newest first', () => {
    const all = Array.from({ length: 30 }, (_, i) => outcome(`a${i}`, i));
    const record = [...all, ...all].reduce(withOutcome, noRecord);
    expect(record.outcomes.map(({ at }) => at)).toEqual(Array.from({ length: 20 }, (_, i) => 29 - i));
  });

  it('keeps the last findings, cut where they are long', () => {
    const record = [3, 1, 2, 9, 8, 7, 9].map((at) => finding(`f${at}`, at)).reduce(withFinding, noRecord);
    expect(record.findings.map(({ at }) => at)).toEqual([9, 8, 7, 3, 2]);
    expect(record.findings[0]!.explanation).toHaveLength(1_000);
  });

  it('is about outcomes and denies, and about nothing else', () => {
    const base = { run: 'r', agent: 'payer', action: 'a', tool: 'pay', now: 5 };
    expect(outcomeIn({ ...base, kind: 'action.outcome', message: { status: 'failed' } } as unknown as GovernedRecord)).toEqual({ agent: 'payer', outcome: outcome('a', 5, 'failed') });
    expect(outcomeIn({ ...base, kind: 'action.decided', decision: { decision: 'deny' } } as unknown as GovernedRecord)).toMatchObject({ outcome: { status: 'denied' } });
    expect(outcomeIn({ ...base, kind: 'action.decided', decision: { decision: 'allow' } } as unknown as GovernedRecord)).toBeUndefined();
    expect(outcomeIn({ ...base, kind: 'run.ended' } as unknown as GovernedRecord)).toBeUndefined();
  });
});
