import { describe, expect, it } from '@jest/globals';
import { readNews } from './approvals.ts';
import type { Waiting } from './approvals.ts';

const event = (stream: string, type: string, data: object = {}) => ({ stream: `approval-${stream}`, type, data: data as never });
const requested = (stream: string, over: object = {}) => event(stream, 'requested', { question: { run: 'r', action: stream, answers: 4, agent: 'a', tool: 't', tier: 3, expiresAt: 9, digest: 'd', ask: { route: ['approver'], quorum: 2 }, ...over } });
const resolved = (stream: string, resolution: string) => event(stream, 'resolved', { resolution });

describe('news for people', () => {
  it('opens with a request and closes with its end, once, whoever brings an event again', () => {
    const waiting: Waiting = new Map();
    const events = [requested('x'), requested('y'), event('x', 'voted'), resolved('x', 'approved'), resolved('x', 'approved'), resolved('y', 'expired'), resolved('y', 'expired')].flatMap((one) => readNews(one, waiting));
    expect(events.map(({ event: what, data }) => `${what} ${data.action}${'because' in data ? ` ${data.because}` : ''}`)).toEqual(['opened x', 'opened y', 'closed x approved', 'closed y expired']);
    expect(readNews(requested('z'), waiting)).toEqual([{ event: 'opened', data: { run: 'r', action: 'z', position: 4, agent: 'a', tool: 't', tier: 3, route: ['approver'], quorum: 2, expires_at: 9, digest: 'd' } }]);
  });

  it('opens again what was approved and did not hold, and nothing else', () => {
    const waiting: Waiting = new Map();
    expect([requested('x'), resolved('x', 'approved'), event('x', 'reopened'), event('x', 'reopened'), event('unknown', 'reopened')].flatMap((one) => readNews(one, waiting)).map((one) => one.event)).toEqual(['opened', 'closed', 'opened']);
  });

  it('says the same of a request that somebody seeded as of any other', () => {
    expect(readNews(requested('x', { seededBy: 'olaf' }), new Map())).toEqual(readNews(requested('x'), new Map()));
  });

  it('says nothing of what began before this gateway, and remembers no more than it may', () => {
    expect(readNews(resolved('old', 'denied'), new Map())).toEqual([]);
    const waiting: Waiting = new Map();
    for (let i = 0; i < 10_050; i++) readNews(requested(`a${i}`), waiting);
    expect(waiting.size).toBe(10_000);
    expect(waiting.has('approval-a10049') && !waiting.has('approval-a0')).toBe(true);
  });
});
