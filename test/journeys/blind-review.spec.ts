import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReviewView } from '@countersign/contracts';
import { createKeySet, loadJwks, signPersonStatement } from '@countersign/identity';
import { createLabels } from '@countersign/policy/core/calibration/labels';
import { enrol, rulesFolder, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { readBus } from '../../libs/cli/src/policy/calibrate/source.ts';

/** An agent says how sure it is and acts alone; somebody else judges it blind; the calibration reads both from the record. */
describe('a change made without a person, drawn for review', () => {
  let whole: Whole;
  let clerk: Agent;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cs-review-'));
    await cp(rulesFolder, folder, { recursive: true });
    const bundle = join(folder, 'bundle.yaml');
    await writeFile(bundle, `${await readFile(bundle, 'utf8')}\nreview: { rate: 1 }\n`);
    whole = await startWhole({ CS_POLICY_BUNDLE: folder, CS_POLICY_BUNDLE_NAME: 'desk' });
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); await rm(folder, { recursive: true, force: true }); });

  it('is shown without what was decided, and its verdict counts', async () => {
    const run = await clerk.open({ text: 'write note 8', attestation: null });
    const action = run.propose('desk.write', { note: '8', text: 'hello' }, { confidence: 0.9 });
    expect(await action.decision).toMatchObject({ decision: 'allow', tier: 2 });
    await action.execute(whole.tools.execute('desk.write'));
    const rita = await enrol(whole.urls, whole.people.operator, 'rita', ['reviewer']);
    const shown = await until('the review is there', async () => ((await rita.call('approvals', 'GET', '/reviews')).body['reviews'] as ReviewView[] | undefined)?.find((one) => one.action === action.action));
    expect(Object.keys(shown).sort()).toEqual(['action', 'arguments', 'at', 'digest', 'instruction', 'run', 'tool']);
    const jws = signPersonStatement('review', { sub: rita.person, tenant: 'acme', run: run.id, action: action.action, digest: shown.digest, verdict: 'wrong', reason: 'another note was meant', iat: Math.floor(Date.now() / 1000) }, rita.key);
    expect((await rita.call('approvals', 'POST', '/reviews', { jws })).status).toBe(200);

    const labelled = await until('the verdict is on the record', async () => {
      const labels = createLabels();
      const verdicts: Parameters<typeof labels.review>[0][] = [];
      await readBus(whole.bus, createKeySet(loadJwks(join(whole.place.secretsDir, 'jwks.json'))), { from: -Infinity, to: Infinity }, { record: labels.record, review: (verdict) => { verdicts.push(verdict); } });
      verdicts.forEach(labels.review);
      const found = labels.labels().labelled;
      return found.length > 0 && found;
    });
    expect(labelled).toEqual([{ agent: 'clerk', tool: 'desk.write', confidence: 0.9, right: false, weight: 1, why: 'review' }]);
    await run.end();
  });
});
