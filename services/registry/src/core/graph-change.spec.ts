import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { importChanges, markChange, mayLoosen } from './graph-change.ts';
import type { Given, NodeChange, Standing } from './graph-change.ts';

const node = (id: string, over: Partial<Given> = {}): Given => ({ node: id, kind: 'service', title: id, owner: null, dependsOn: [], marks: [], paths: [], ...over });
const after = (changes: readonly NodeChange[], before: ReadonlyMap<string, Standing> = new Map()): Map<string, Standing> =>
  new Map([...before, ...changes.map((one) => [one.node, { version: one.version + 1, node: one.after }] as const)]);
const put = (given: readonly Given[], before: ReadonlyMap<string, Standing> = new Map(), prune = false) => importChanges(given, before, prune);
const names = fc.constantFrom('a', 'b', 'c', 'd');
const givens = fc.uniqueArray(fc.record({ node: names, dependsOn: fc.array(names, { maxLength: 3 }), neededBy: fc.array(names, { maxLength: 2 }), marks: fc.array(fc.constantFrom('critical_path', 'own'), { maxLength: 2 }), paths: fc.array(names, { maxLength: 2 }) }), { selector: (one) => one.node, maxLength: 4 })
  .map((list) => list.map(({ node: id, ...over }) => node(id, over)));

describe('an import of the system graph', () => {
  it('changes nothing the second time, and never needs a second person on an empty graph', () => {
    fc.assert(fc.property(givens, fc.boolean(), (given, prune) => {
      const first = put(given);
      expect(mayLoosen(first)).toEqual([]);
      expect(put(given, after(first), prune)).toEqual([]);
    }), { seed: 3 });
  });

  it('that leads from one graph to a smaller one never goes unnoticed: whatever is lost is said', () => {
    fc.assert(fc.property(givens, givens, fc.boolean(), (one, two, prune) => {
      const before = after(put(one));
      const changes = put(two, before, prune);
      const facts = (standing: ReadonlyMap<string, Standing>): Set<string> => new Set([...standing.values()].flatMap(({ node: at }) => (at === null ? [] : [at.node, ...at.dependsOn.map((to) => `${at.node}>${to}`), ...(at.neededBy ?? []).map((by) => `${by}>>${at.node}`), ...at.marks.map((mark) => `${at.node}!${mark}`), ...at.paths.map((path) => `${at.node}/${path}`)])));
      const now = facts(after(changes, before));
      const lost = [...facts(before)].some((fact) => !now.has(fact));
      expect(mayLoosen(changes).length > 0).toBe(lost);
    }), { seed: 4, numRuns: 500 });
  });

  it('keeps what people marked; only a person takes that away, which is said', () => {
    const first = after(put([node('a', { marks: ['own'] })]));
    const marked = after(markChange(first.get('a')!, ['critical_path'], []), first);
    expect(marked.get('a')!.node).toMatchObject({ marks: ['critical_path', 'own'], pinned: ['critical_path'] });
    expect(put([node('a', { marks: ['own'] })], marked)).toEqual([]);
    expect(put([node('a', { marks: [] })], marked)[0]!.after).toMatchObject({ marks: ['critical_path'] });
    expect(mayLoosen(markChange(marked.get('a')!, [], ['critical_path']))).toEqual(['a loses the mark critical_path']);
  });

  it('may say at last what an unknown node is', () => {
    const before = after(put([node('a', { kind: 'unknown', marks: ['unknown'] })]));
    expect(mayLoosen(put([node('a')], before))).toEqual([]);
    expect(mayLoosen(put([node('a', { kind: 'library' })], after(put([node('a')]))))).toEqual(['a is a library instead of a service']);
  });
});
