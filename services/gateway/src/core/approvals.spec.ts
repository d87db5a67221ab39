import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import { readNews } from './approvals.ts';

const asked = { route: ['approver'], quorum: 2, expiresAt: 9, digest: 'd', requesters: [] };
const decided = (action: string, round: number, decision: string, approval: object | null = null): GovernedRecord =>
  ({ kind: 'action.decided', run: 'r', agent: 'a', action, tool: 't', round, position: round, decision: { decision, tier: 3, code: null, approval } }) as unknown as GovernedRecord;
const other = (kind: string, action?: string): GovernedRecord => ({ kind, run: 'r', action }) as unknown as GovernedRecord;

describe('news for people', () => {
  it('opens with a step_up and closes with what ends the waiting, once', () => {
    const waiting = new Set<string>();
    const events = [decided('x', 1, 'step_up', asked), decided('y', 1, 'step_up', asked), decided('z', 1, 'step_up', asked), decided('w', 1, 'allow'),
      decided('x', 2, 'allow'), other('action.cancelled', 'y'), other('action.cancelled', 'y'), other('run.ended'), other('run.ended'), other('action.outcome', 'x')].flatMap((record) => readNews(record, waiting));
    expect(events.map(({ event, data }) => `${event} ${data.action}${'because' in data ? ` ${data.because}` : ''}`)).toEqual(['opened x', 'opened y', 'opened z', 'closed x decided', 'closed y cancelled', 'closed z ended']);
    expect(waiting.size).toBe(0);
  });

  it('closes and opens again where a new decision asks again', () => {
    const waiting = new Set<string>();
    expect([decided('x', 1, 'step_up', asked), decided('x', 2, 'step_up', asked)].flatMap((record) => readNews(record, waiting)).map((one) => one.event)).toEqual(['opened', 'closed', 'opened']);
  });

  it('tells a decision about an action that waited before this gateway began, and nothing else of it', () => {
    expect(readNews(decided('old', 2, 'deny'), new Set())).toMatchObject([{ event: 'closed', data: { because: 'decided', decision: 'deny' } }]);
    expect(readNews(other('action.cancelled', 'old'), new Set())).toEqual([]);
  });

  it('remembers no more than it may', () => {
    const waiting = new Set<string>();
    for (let i = 0; i < 10_050; i++) readNews(decided(`a${i}`, 1, 'step_up', asked), waiting);
    expect(waiting.size).toBe(10_000);
    expect(waiting.has('r/a10049') && !waiting.has('r/a0')).toBe(true);
  });
});
