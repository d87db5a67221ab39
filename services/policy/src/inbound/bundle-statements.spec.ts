import { describe, expect, it } from '@jest/globals';
import type { PersonSnapshot } from '@countersign/contracts';
import { generateKey, signPersonStatement } from '@countersign/identity';
import type { PersonStatements } from '@countersign/identity';
import { createStatements } from './bundle-statements.ts';
import type { StatementOptions } from './bundle-statements.ts';

const now = 1_800_000_000_000;
const both = ['policy-author', 'policy-reviewer'];
const keys = Object.fromEntries(['ann', 'olga', 'rita', 'joe'].map((id) => [id, generateKey(`${id}-1`)]));
// Roles alone never tell who may review: ann and olga could both, had they not written or ordered it.
const people = new Map<string, PersonSnapshot>(Object.entries({ ann: both, olga: both, rita: ['policy-reviewer'], joe: [] }).map(([person, roles]) => [person, { person, tenant: 'acme', version: 1, name: person, roles, status: 'active', keys: [keys[person]!.publicJwk] }]));
const files = { tenant: 'acme', bundle: 'main', version: '2', digest: 'd2', iat: now / 1000 };
const signed = <K extends 'bundle' | 'bundle-order' | 'bundle-review'>(kind: K, statement: PersonStatements[K]): string => signPersonStatement(kind, statement, keys[statement.sub]!);
const authored = (over: Partial<PersonStatements['bundle']> = {}) => signed('bundle', { ...files, sub: 'ann', ...over });
const ordered = (over: Partial<PersonStatements['bundle-order']> = {}) => signed('bundle-order', { ...files, sub: 'olga', base: 'd1', activation: 7, purpose: 'activate', percent: 0, ...over });
const reviewed = (over: Partial<PersonStatements['bundle-review']> = {}) => signed('bundle-review', { ...files, sub: 'rita', base: 'd1', activation: 7, counterexample: 'c', reason: 'seen', ...over });

const prove = ({ author = authored(), order = ordered(), review = reviewed() as string | null } = {}, over: Partial<StatementOptions> = {}) =>
  createStatements({ person: (id) => people.get(id), tenant: 'acme', bundle: 'main', builtIn: { version: '0', digest: 'd0' }, publishers: null, now: () => now, ...over })
    .prove({ version: '2', digest: 'd2', author, order, review }, 'active', true);

describe('a version that an evaluator finds active', () => {
  it('is believed where one wrote it, one ordered it and another reviewed it', () => expect(prove()).toMatchObject({ ok: true, order: { sub: 'olga', activation: 7 } }));
  it('is believed without a review, where the order tightens', () => expect(prove({ review: null })).toMatchObject({ ok: true }));

  it.each<[string, Parameters<typeof prove>[0], string]>([
    ['the author reviewed it', { review: reviewed({ sub: 'ann' }) }, 'ann reviewed what they wrote or ordered themselves'],
    ['who ordered it reviewed it', { review: reviewed({ sub: 'olga' }) }, 'olga reviewed what they wrote or ordered themselves'],
    ['the reviewer has not that role', { review: reviewed({ sub: 'joe' }) }, 'joe has no role to review this'],
    ['the review was of a change from another base', { review: reviewed({ base: 'd0' }) }, 'the review is signed for something else'],
    ['the review was for another activation', { review: reviewed({ activation: 6 }) }, 'the review is signed for something else'],
    ['the review was of another version', { review: reviewed({ version: '1' }) }, 'the review is signed for something else'],
    ['the review was of other files', { review: reviewed({ digest: 'dx' }) }, 'the review is signed for something else'],
    ['the order was for other files', { order: ordered({ digest: 'dx' }) }, 'the order is signed for another version or place'],
    ['the order was for another version', { order: ordered({ version: '1' }) }, 'the order is signed for another version or place'],
    ['the order puts it beside only', { order: ordered({ purpose: 'shadow' }) }, 'the order is signed for another version or place'],
    ['who ordered it may not', { order: ordered({ sub: 'joe' }) }, 'joe has no role to order this'],
    ['the author signed other files', { author: authored({ digest: 'dx' }) }, 'the author signed other files'],
    ['the author may not publish', { author: authored({ sub: 'joe' }) }, 'joe has no role to publish'],
    ['the review was of another bundle', { review: reviewed({ bundle: 'other' }) }, 'review: signed for acme/other; this is acme/main'],
    ['the review was in another tenant', { review: reviewed({ tenant: 'globex' }) }, 'review: signed for globex/main; this is acme/main'],
  ])('is not where %s', (_, papers, why) => expect(prove(papers)).toEqual({ ok: false, why }));

  it('is not where somebody beside the list of publishers signed', () => expect(prove({}, { publishers: new Set(['ann', 'olga']) })).toMatchObject({ ok: false, why: expect.stringContaining('rita is not among those') }));
});
