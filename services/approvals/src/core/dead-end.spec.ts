import { describe, expect, it } from '@jest/globals';
import type { ApprovalAsked } from '@countersign/contracts';
import { missingFor } from './dead-end.ts';
import type { Question, Speaker } from './events.ts';

const asked = (over: Partial<ApprovalAsked> = {}): Question => ({ expiresAt: 1_000, ask: { route: ['release-manager'], quorum: 1, requesters: ['ravi'], askedAt: 100, expiresAt: 1_000, digest: 'd', ...over } }) as Question;
const one = (person: string, role: string, since = 0): Speaker => ({ person, roles: [role], rolesSince: { [role]: since } });

describe('a request that nobody who is left can approve', () => {
  it.each<[string, Question, Speaker[], string[]]>([
    ['the only one who could asked for it', asked(), [one('ravi', 'release-manager'), one('sam', 'senior')], ['route']],
    ['somebody else has the role', asked(), [one('ravi', 'release-manager'), one('rosa', 'release-manager')], []],
    ['somebody else was given the role after it was asked', asked(), [one('rosa', 'release-manager', 500)], ['route']],
    ['two are needed and one is there', asked({ quorum: 2 }), [one('rosa', 'release-manager')], ['route']],
    ['it will be escalated to somebody before its end', asked({ escalations: [{ at: 900, roles: ['senior'], people: [] }] }), [one('sam', 'senior')], []],
    ['one person would have to fill two places', asked({ factors: [{ name: 'route', roles: ['release-manager'], people: [], count: 1 }, { name: 'security', roles: [], people: ['rosa'], count: 1 }] }), [one('rosa', 'release-manager')], ['security']],
  ])('%s', (_, question, people, names) => expect(missingFor(question, people).map(({ name }) => name)).toEqual(names));
});
