import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import type { GraphNode } from '@countersign/contracts';
import fc from 'fast-check';
import { Failure } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import { graphOf } from '../graph.ts';
import { changeFacts, changeOf } from './change.ts';
import { pathsOfDiff } from './diff.ts';

const node = (id: string, over: Partial<GraphNode> = {}): GraphNode => ({ node: id, tenant: 'acme', version: 1, kind: 'service', title: id, owner: null, dependsOn: [], marks: [], paths: [`services/${id}/*`], status: 'live', ...over });
const graph = graphOf([
  node('web', { dependsOn: ['billing', 'deploy-web'], marks: ['revenue_path'] }), node('billing', { dependsOn: ['ledger-db'], marks: ['critical_path'] }), node('ledger-db', { kind: 'data-store', marks: ['regulated_data'], paths: ['migrations/*'] }),
  node('deploy-web', { kind: 'pipeline', paths: ['.github/workflows/web.yml'] }), node('docs', { paths: ['docs/*', '*.md'] }), node('old', { status: 'gone', paths: ['old/*'] }),
], '1');
const facts = (own: Readonly<Record<string, Value>>, on: typeof graph | null = graph) => Object.fromEntries(Object.entries(changeFacts).map(([name, of]) => {
  const value = of(changeOf(own, on));
  return [name.slice('change.'.length), value instanceof Failure ? `fails: ${value.why}` : value];
}));

describe('a change', () => {
  it('is what it reaches in the system graph, whether files, names or a diff say so', () => {
    const billing = { nodes: ['billing'], unknown: 0, kinds: ['service'], marks: ['critical_path', 'revenue_path'], blastRadius: 1, blastWeight: 7 };
    expect(facts({ changePaths: ['services/billing/src/a.ts', './services/billing/b.ts'] })).toEqual(billing);
    expect(facts({ changeNodes: ['billing'] })).toEqual(billing);
    expect(facts({ changeDiff: '--- a/services/billing/a.ts\n+++ b/services/billing/a.ts\n@@ -1 +1 @@\n-x\n+y\n' })).toEqual(billing);
    expect(facts({ changePaths: ['migrations/001.sql'] })).toEqual({ nodes: ['ledger-db'], unknown: 0, kinds: ['data-store'], marks: ['critical_path', 'regulated_data', 'revenue_path'], blastRadius: 2, blastWeight: 18 });
    expect(facts({ changePaths: ['.github/workflows/web.yml', 'README.md'] })).toMatchObject({ nodes: ['deploy-web', 'docs'], kinds: ['pipeline', 'service'], marks: ['revenue_path'], blastRadius: 1 });
  });

  it('weighs the same however many lines and files it has', () => {
    const one = facts({ changePaths: ['docs/a.md'] });
    expect(facts({ changePaths: Array.from({ length: 900 }, (_, i) => `docs/${i}.md`) })).toEqual(one);
  });

  it.each<[string, Record<string, Value>]>([
    ['a path nobody knows', { changePaths: ['docs/a.md', 'somewhere/else.ts'] }], ['a node nobody knows', { changeNodes: ['billing', 'shadow'] }], ['a node that is gone', { changePaths: ['old/a.ts'] }],
    ['a path that leads out', { changePaths: ['docs/../services/billing/a.ts'] }], ['an absolute path', { changePaths: ['/docs/a.md'] }], ['a text that is no diff', { changeDiff: 'trust me' }], ['nothing at all', { changePaths: [] }],
  ])('has no small blast radius with %s in it', (_, own) => {
    const found = facts(own);
    expect(found['unknown']).toBeGreaterThan(0);
    expect([found['marks'], found['blastRadius'], found['blastWeight']]).toEqual(Array.from({ length: 3 }, () => 'fails: it changes something that the system graph does not know'));
  });

  it('fails where there is no graph, and says nothing of tools that declare no change', () => {
    expect(Object.values(facts({ changePaths: ['docs/a'] }, null))).toEqual(Array.from({ length: 6 }, () => 'fails: the system graph is not known'));
    expect(Object.values(facts({ target: ['x'] }))).toEqual([null, null, null, null, null, null]);
    expect(changeOf({ changePaths: Array.from({ length: 3_000 }, (_, i) => `docs/${i}`) }, graph)).toEqual(new Failure('more than 2000 paths', true));
  });

  it('reaches everything that depends on it, in graphs of any shape, cycles too', () => {
    const id = fc.integer({ min: 0, max: 14 });
    fc.assert(fc.property(fc.array(fc.tuple(id, id), { maxLength: 40 }), id, (edges, start) => {
      const nodes = Array.from({ length: 15 }, (_, i) => node(`n${i}`, { dependsOn: edges.filter(([from]) => from === i).map(([, to]) => `n${to}`) }));
      const reached = new Set([start]);
      for (let grown = -1; grown !== reached.size;) {
        grown = reached.size;
        for (const [from, to] of edges) if (reached.has(to)) reached.add(from);
      }
      reached.delete(start);
      expect([...graphOf(nodes, '1').dependants([`n${start}`])].sort()).toEqual([...reached].map((n) => `n${n}`).sort());
    }), { numRuns: 300, seed: 3 });
  });
});

describe('the paths of a diff', () => {
  it('are old and new names, moves, new, deleted and binary files', () => {
    expect(pathsOfDiff([
      'diff --git a/src/a.ts b/src/b.ts', 'similarity index 90%', 'rename from src/a.ts', 'rename to src/b.ts', '--- a/src/a.ts', '+++ b/src/b.ts', '@@ -1,2 +1,2 @@', ' same', '-old', '+new',
      'diff --git a/logo.png b/logo.png', 'Binary files a/logo.png and b/logo.png differ', 'diff --git a/gone b/gone', 'deleted file mode 100644', '--- a/gone', '+++ /dev/null', '@@ -1 +0,0 @@', '-x',
      '--- "a/with space"\t2026-01-01', '+++ "b/with space"', '@@ -0,0 +1 @@', '+x',
    ].join('\n'), 100)).toEqual(['src/a.ts', 'src/b.ts', 'logo.png', 'gone', 'with space']);
  });
  it('are not made up by changed text that looks like a header, nor hidden behind a hunk that lies about its length', () => {
    expect(pathsOfDiff('--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/not-me\n+++ b/not-me\n same\n', 100)).toEqual(['x']);
    expect(pathsOfDiff('--- a/x\n+++ b/x\n@@ -1,999 +1,999 @@\n-1\n+2\ndiff --git a/hidden b/hidden\n--- a/hidden\n+++ b/hidden\n@@ -1 +1 @@\n-1\n+2\n', 100)).toEqual(['x', 'hidden']);
  });
  it('reads a header in one walk, whatever stands in its names', () => {
    const started = cpuMs();
    expect(pathsOfDiff(`diff --git a/${' b/'.repeat(64_000)}\u2028`, 100)).toHaveLength(2);
    expect(cpuMs() - started).toBeLessThan(1_000);
    expect(pathsOfDiff('rename from x\u2028y\n', 100)).toEqual(['x\u2028y']);
  });
});
