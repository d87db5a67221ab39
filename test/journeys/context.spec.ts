import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GovernedDecided, JsonObject } from '@countersign/contracts';
import { signEvidence, subjectOfCall, validationType } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { deskTool, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { readCatalogue } from '../../libs/cli/src/graph/catalog.ts';

const catalogue = `
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: shop, annotations: { countersign/marks: revenue_path, countersign/paths: 'shop/*' } }
spec: { type: service, lifecycle: production, owner: user:sam, dependsOn: [component:pay] }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: pay, annotations: { countersign/paths: 'pay/*' } }
spec: { type: service, lifecycle: production, owner: user:sam }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: docs, annotations: { countersign/paths: 'docs/*' } }
spec: { type: website, lifecycle: production, owner: user:sam }
`;
const diffOf = (path: string): string => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-old\n+new\n`;

/** What a decision may rest on beside the call itself: the run's past, budgets of everybody, the system graph, signed evidence. */
describe('rules that look further than the call', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => {
    const merge = deskTool('Merges a change', { diff: { type: 'string', minLength: 1, maxLength: 10_000 } }, { compensator: 'desk.write', facts: { changeDiff: 'args.diff' } });
    whole = await startWhole({ CS_POLICY_BUNDLE: fileURLToPath(new URL('./context-rules', import.meta.url)) }, undefined, { 'desk.merge': merge });
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); });
  const open = (agent = clerk) => agent.open({ text: 'work', attestation: null });
  const recordOf = (run: string, action: string) => until('the decision is on the record', () => whole.seen.governed(run).find((record): record is GovernedDecided => record.kind === 'action.decided' && record.action === action));

  it('a window over the run: the fourth read of an hour asks, and the record says what the rule read', async () => {
    const run = await open();
    for (let n = 0; n < 3; n++) expect(await run.propose('desk.read', { note: String(n) }).decision).toMatchObject({ tier: 1 });
    const fourth = run.propose('desk.read', { note: '4' });
    expect(await fourth.decision).toMatchObject({ decision: 'step_up', tier: 3 });
    expect(await recordOf(run.id, fourth.action)).toMatchObject({ facts: { 'context.readLately': { value: 3, origin: 'derived' } } });
    expect(await (await open()).propose('desk.read', { note: '5' }).decision).toMatchObject({ tier: 1 });
  });

  it('a budget of the tenant: many runs together get what is in it, and no more', async () => {
    const second = await whole.agent('second');
    const runs = await Promise.all([open(), open(), open(second), open(second)]);
    const decisions = await Promise.all(runs.flatMap((run) => [1, 2].map((n) => run.propose('desk.write', { note: String(n), text: 'x' }).decision)));
    expect(decisions.map(({ code }) => code).sort()).toEqual([...Array.from({ length: 4 }, () => 'budget_exceeded'), ...Array.from({ length: 4 }, () => 'ok')]);
    expect(decisions.find(({ code }) => code === 'budget_exceeded')!.detail).toMatch(/the budget notes/);
  });

  it('a change: what it reaches in the imported system graph decides; an unknown path asks', async () => {
    const run = await open();
    const tierOf = async (path: string, evidence?: Parameters<typeof run.propose>[2]) => (await run.propose('desk.merge', { diff: diffOf(path) }, evidence).decision).tier;
    expect(await tierOf('docs/a.md')).toBe(3);
    const { status, body } = await whole.people.operator.call('registry', 'POST', '/graph', { nodes: (await readCatalogue([{ name: 'catalog-info.yaml', text: catalogue }])).nodes });
    expect([status, (body['nodes'] as JsonObject[]).map(({ node }) => node)]).toEqual([200, ['component:default/docs', 'component:default/pay', 'component:default/shop']]);
    expect(await whole.people.nobody.call('registry', 'POST', '/graph', { nodes: [] })).toMatchObject({ status: 403 });
    await until('policy knows the graph', async () => await tierOf('docs/a.md') === 2);
    expect([await tierOf('pay/a.ts'), await tierOf('shop/a.ts'), await tierOf('elsewhere/a.ts')]).toEqual([3, 3, 3]);
  });

  it('evidence: signed by a registered person about exactly this call it is enough; forged or about another it is none', async () => {
    const run = await open();
    const args = { diff: diffOf('pay/b.ts') };
    const signed = (about: JsonObject, key: SigningKey, person = 'tess') => signEvidence({
      _type: 'https://in-toto.io/Statement/v1', subject: [subjectOfCall('desk.merge', about)], predicateType: validationType, predicate: { madeAt: new Date().toISOString(), result: 'passed', tested: ['unit'], found: ['leak'], fixed: ['leak'] },
    }, key, `person:${person}`);
    const { tess, theo } = whole.people;
    const good = run.propose('desk.merge', args, { evidence: [signed(args, tess.key)] });
    expect(await good.decision).toMatchObject({ decision: 'allow', tier: 2 });
    expect(await recordOf(run.id, good.action)).toMatchObject({ evidence: [{ by: 'person:tess', tested: ['unit'] }], facts: { 'evidence.passed': { value: true, origin: 'attested' }, 'evidence.open': { value: [] } } });
    expect(await run.propose('desk.merge', args, { evidence: [signed(args, theo.key, 'tess')] }).decision).toMatchObject({ tier: 3 });
    expect(await run.propose('desk.merge', args, { evidence: [signed({ diff: diffOf('pay/c.ts') }, tess.key)] }).decision).toMatchObject({ tier: 3 });
    const guarded = run.guard('desk.merge', () => 'merged', { evidence: (call) => [signed(call, tess.key)] });
    expect(await guarded({ diff: diffOf('shop/d.ts') })).toBe('merged');
  });
});
