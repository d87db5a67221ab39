import { readFileSync, rmSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Subscription } from '@countersign/bus';
import type { BundleHistoryView, BundleStatusView, BundleVersionView, GovernedDecided, PutToolRequest, ServiceEvent, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { secretFile } from '@countersign/service-host';
import { call, enrol, expectStatus, openTerminal, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Terminal, Whole } from '@countersign/spec/whole';
import { whoAnswers } from '../../libs/cli/src/people/who-answers-command.ts';
import { policy } from '../../libs/cli/src/policy/command.ts';
import { cohortOf } from '../../services/policy/src/outbound/cohort.ts';

const pack = fileURLToPath(new URL('../../services/policy/packs/demo', import.meta.url));
const supplier = 'DE89370400440532013000';

describe('a rule of the demo company', () => {
  let whole: Whole;
  let folder: string, terminal: Terminal;
  let ann: Human;
  let rob: Human;
  let follower: Subscription;
  const events: { readonly id: string; readonly event: ServiceEvent }[] = [];
  let decide: (minor: number, by?: Agent) => Promise<GovernedDecided['decision']>;
  let payer: Agent;

  beforeAll(async () => {
    const tools = (JSON.parse(readFileSync(join(pack, 'tools.json'), 'utf8')) as (PutToolRequest & { readonly tool: string })[]).map(({ tool, ...body }) => [tool, body] as const);
    // Which bundle decides is the story: on a slow machine levels may be stale for a moment, which raises tiers by itself.
    whole = await startWhole({ CS_POLICY_BUNDLE: pack, CS_ANOMALY_EFFECT: 'record' }, undefined, Object.fromEntries(tools));
    terminal = openTerminal(whole.urls);
    ({ folder } = terminal);
    const { operator, owner } = whole.people;
    terminal.keep(operator, ['operator']);
    for (const [person, roles] of [['ann', ['policy-author']], ['rob', ['policy-reviewer']]] as const) {
      const enrolled = await enrol(whole.urls, operator, person, roles);
      terminal.keep(enrolled, roles);
      if (person === 'ann') ann = enrolled; else rob = enrolled;
    }
    follower = await whole.bus.follow({ topics: ['policy.events.v1'], from: 'start', onBatch: (messages) => { for (const one of messages) events.push({ id: one.headers['ce_id']!, event: JSON.parse(one.value!.toString()) as ServiceEvent }); } });
    payer = await whole.agent('payer', { permissions: ['payments.*'] });
    decide = async (minor, by = payer) => {
      const run = await by.open(owner.instruct(by.id, `Pay ${(minor / 100).toFixed(2)} EUR to ${supplier} for the rent`));
      await run.propose('payments.transfer', { to: supplier, minor, currency: 'EUR', reference: 'rent' }).decision;
      await run.end().catch(() => undefined);
      return (await until('the decision is on the record', () => whole.seen.governed(run.id).find((one): one is GovernedDecided => one.kind === 'action.decided'))).decision;
    };
    await until('policy knows the tools', async () => (await decide(100)).code !== 'unknown_tool', 60_000);
  }, 240_000);
  afterAll(async () => {
    await follower?.stop();
    await whole?.close();
    terminal?.close();
  });

  /** `countersign policy …` as it is typed on a machine where the keys of ann and rob lie. */
  const typed = <T>(...args: string[]) => terminal.typed<T>(policy, ...args);
  const status = async (): Promise<BundleStatusView> => expectStatus(await ann.call('policy', 'GET', '/policy/bundles'), 200).body as unknown as BundleStatusView;
  const inForce = (version: string): Promise<unknown> => until(`${version} is in force and acknowledged`, async () => {
    const { active, activation, evaluators } = await status();
    return active.version === version && evaluators.some((one) => one.activation === activation && one.refused === null);
  });
  /** A copy of the pack as another version, with changes by file. */
  const draft = async (version: string, changes: Readonly<Record<string, (text: string) => string>>): Promise<string> => {
    const dir = join(folder, version);
    await cp(pack, dir, { recursive: true });
    rmSync(join(dir, 'tests'), { recursive: true });
    const all = { ...changes, 'bundle.yaml': (text: string) => (changes['bundle.yaml'] ?? String)(text.replace(/^version: .*$/m, `version: ${version}`)) };
    for (const [path, change] of Object.entries(all)) await writeFile(join(dir, path), change(await readFile(join(dir, path), 'utf8')));
    return dir;
  };

  it('is drafted, published, shown with what it loosens, countersigned, in force within seconds, and rolled back', async () => {
    expect(await decide(600_000)).toMatchObject({ decision: 'step_up', tier: 3, policyVersion: 'demo-1' });
    const dir = await draft('demo-generous', {
      'parameters.yaml': (text) => text.replace('transferLimit: 500000', 'transferLimit: 800000'),
      'bundle.yaml': (text) => text.replace('from: { 3: 500001 }', 'from: { 3: 800001 }'),
      'rules/payments.yaml': (text) => text.replace('owner: tara@acme\n  rationale: Four eyes', 'owner: vera@acme\n  rationale: Four eyes'),
    });
    const published = await typed('publish', dir, '--as', 'ann');
    expect(published).toMatchObject({ code: 0, out: { version: 'demo-generous', author: 'ann' } });
    const { loosened } = (published.out as BundleVersionView).comparison!;
    const example = loosened.find(({ tool, facts }) => tool === 'payments.transfer' && typeof facts?.['amount'] === 'number')!;
    expect([example.before, example.after]).toEqual([expect.stringContaining('tier 3'), expect.not.stringContaining('tier 3')]);
    expect(example.facts!['amount']).toBeGreaterThan(500_000);
    expect(example.facts!['amount']).toBeLessThanOrEqual(800_000);
    expect((await status()).active.version).toBe('demo-1');

    const alone = await typed('activate', 'demo-generous', '--as', 'ann');
    expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('a second person says')]);
    expect((await status()).pending).toMatchObject({ activation: 1, version: 'demo-generous', by: 'ann' });
    expect(await decide(600_000)).toMatchObject({ decision: 'step_up', policyVersion: 'demo-1' });

    expect(await typed('review', 'demo-generous', '--reason', 'the board agreed', '--as', 'rob')).toMatchObject({ code: 0, out: { activation: 1, active: { version: 'demo-generous', by: 'ann', reviewedBy: 'rob' } } });
    await inForce('demo-generous');
    expect(await decide(600_000)).toMatchObject({ decision: 'allow', policyVersion: 'demo-generous' });
    expect(await decide(900_000)).toMatchObject({ decision: 'step_up', policyVersion: 'demo-generous' });

    // Back to what was stricter: one person may.
    const back = await typed('rollback', '--as', 'rob');
    if (back.code !== 0) process.stdout.write(back.err);
    expect(back).toMatchObject({ code: 0, out: { activation: 2, active: { version: 'demo-1', by: 'rob', reviewedBy: null } } });
    await inForce('demo-1');
    expect(await decide(600_000)).toMatchObject({ decision: 'step_up', policyVersion: 'demo-1' });

    // Who owned the rule that asked is who owned it in the version that decided.
    for (const [version, owner] of [['demo-generous', 'vera@acme'], ['demo-1', 'tara@acme']] as const) {
      const { run, action } = await until('the decision is on the record', () => whole.seen.governed().findLast((one): one is GovernedDecided => one.kind === 'action.decided' && one.decision.policyVersion === version && one.decision.rules.some(({ id }) => id === 'demo.transfer-over-limit')));
      const told = await until('the registry has heard of it', async () => { const one = await terminal.typed(whoAnswers, run!, action, '--as', 'operator'); return one.code === 0 && one; });
      expect(told.out).toMatchObject({ policyVersion: version, ruleOwners: [{ rule: 'demo.transfer-over-limit', owner, rationale: expect.stringContaining('Four eyes') }] });
    }
  });

  it('decides beside the active one as a shadow, and the difference is shown', async () => {
    const dir = await draft('demo-strict', { 'parameters.yaml': (text) => text.replace('transferLimit: 500000', 'transferLimit: 50000') });
    expect(await typed('publish', dir, '--as', 'ann')).toMatchObject({ code: 0 });
    expect(await typed('shadow', 'demo-strict', '--as', 'ann')).toMatchObject({ code: 0, out: { beside: { mode: 'shadow', version: 'demo-strict' } } });
    const shadowed = await until('the shadow decides beside', async () => { const one = await decide(60_000); return one.beside !== undefined && one; });
    expect(shadowed).toMatchObject({ decision: 'allow', policyVersion: 'demo-1', beside: { version: 'demo-strict', mode: 'shadow', decision: 'step_up', tier: 3, rules: expect.arrayContaining(['demo.transfer-over-limit']) } });
    await until('the difference is counted', async () => {
      const { body } = await ann.call('policy', 'GET', '/policy/differences');
      return Number(body['stricter']) > 0 && (body['byRule'] as { key: string }[]).some(({ key }) => key === 'demo.transfer-over-limit');
    });
    expect(await typed('canary', 'demo-strict', '--percent', '100', '--as', 'ann')).toMatchObject({ code: 0 });
    const canaried = await until('the canary counts', async () => { const one = await decide(60_000); return one.beside?.mode === 'canary' && one; });
    expect(canaried).toMatchObject({ decision: 'step_up', tier: 3, beside: { mode: 'canary', overruled: { decision: 'allow' } } });
    expect(await typed('withdraw', '--as', 'ann')).toMatchObject({ code: 0, out: { beside: null } });
    await until('nothing stands beside', async () => (await decide(60_000)).beside === undefined);
  });

  it('decides beside the active one for the agents of its cohort only, while it is a canary of half of them', async () => {
    const dir = await draft('demo-half', { 'parameters.yaml': (text) => text.replace('transferLimit: 500000', 'transferLimit: 50000') });
    expect(await typed('publish', dir, '--as', 'ann')).toMatchObject({ code: 0 });
    const { digest } = (await status()).versions.find(({ version }) => version === 'demo-half')!;
    const inside = cohortOf(secretFile(whole.place.secretsDir, 'proof-secret'), { tenant: 'acme', bundle: (await status()).name, digest, percent: 50 });
    const other = await whole.agent(Array.from({ length: 50 }, (_, n) => `payer-${n}`).find((id) => inside(id) !== inside('payer'))!, { permissions: ['payments.*'] });
    const [held, free] = inside('payer') ? [payer, other] : [other, payer];
    expect(await typed('canary', 'demo-half', '--percent', '50', '--as', 'ann')).toMatchObject({ code: 0, out: { beside: { mode: 'canary', percent: 50 } } });
    const asked = await until('the canary counts for who is in it', async () => { const one = await decide(60_000, held); return one.beside?.mode === 'canary' && one; });
    expect(asked).toMatchObject({ decision: 'step_up', tier: 3, beside: { mode: 'canary', overruled: { decision: 'allow' } } });
    const alone = await decide(60_000, free);
    expect(alone).toMatchObject({ decision: 'allow', policyVersion: 'demo-1' });
    expect(alone.beside?.overruled).toBeUndefined();
    expect(await typed('withdraw', '--as', 'ann')).toMatchObject({ code: 0, out: { beside: null } });
    await until('nothing stands beside', async () => (await decide(60_000, held)).beside === undefined);
  });

  it('with one mistake is refused whole, with file, line and column, and what is active stays', async () => {
    const dir = await draft('demo-broken', { 'rules/payments.yaml': (text) => text.replace('amount > parameters.transferLimit', 'amount > parameters.noSuchLimit') });
    const refused = await typed('publish', dir, '--as', 'ann');
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/rules\/payments\.yaml:\d+:\d+: rule demo\.transfer-over-limit: when: unknown name/)]);
    expect((await status()).active.version).toBe('demo-1');
  });

  it('rests on a catalogue that nobody loosens alone', async () => {
    const { operator } = whole.people;
    const known = (await operator.call('registry', 'GET', '/tools/payments.transfer')).body as unknown as ToolSnapshot;
    const { tenant: _tenant, version: _version, definition: _definition, tool: _tool, ...declared } = known;
    const change = { ...declared, consequential: false };
    expect(await operator.call('registry', 'PUT', '/tools/payments.transfer', change)).toMatchObject({ status: 403, body: { code: 'review_required', detail: expect.stringContaining('no longer called consequential') } });
    const review = (by: Human, over: object = {}): string => signPersonStatement('tool-review', { sub: by.person, tenant: 'acme', tool: known.tool, definition: argumentsDigest({ ...change, tool: known.tool }), replaces: known.definition, reason: 'it only plans', iat: Math.floor(Date.now() / 1000), ...over }, by.key);
    expect(await operator.call('registry', 'PUT', '/tools/payments.transfer', { ...change, review: review(ann) })).toMatchObject({ status: 403, body: { code: 'review_required' } });
    expect(await operator.call('registry', 'PUT', '/tools/payments.transfer', { ...change, review: review(rob, { replaces: 'x'.repeat(43) }) })).toMatchObject({ status: 403, body: { code: 'review_required' } });
    expect(await operator.call('registry', 'PUT', '/tools/payments.transfer', { ...change, review: review(rob) })).toMatchObject({ status: 200, body: { consequential: false } });
    expect(await operator.call('registry', 'PUT', '/tools/payments.transfer', declared)).toMatchObject({ status: 200, body: { consequential: true } });
  });

  it('stands in the log with every step', async () => {
    expect(await whole.drain()).toMatchObject({ ok: true });
    for (const type of ['published', 'compared', 'ordered', 'reviewed', 'activated', 'acknowledged', 'rolled_back', 'shadowed', 'canaried', 'withdrawn']) await until(`bundle.${type} is told`, () => events.some(({ event }) => event.type === `bundle.${type}`));
    const { code, out } = await typed('history', '--as', 'rob');
    const told = (out as BundleHistoryView).events;
    expect(code).toBe(0);
    // What is told comes into the log, a moment later perhaps.
    let missing: readonly string[] = [];
    await until(() => `the log has everything, also ${missing.join(', ')}`, async () => {
      const { body } = await call('GET', `${whole.urls.audit}/entries`);
      const logged = new Set((body['entries'] as { leaf: { id: string } }[]).map(({ leaf }) => leaf.id));
      missing = [...events.map(({ id, event }) => ({ id, type: event.type })), ...told].filter(({ id }) => !logged.has(id)).map(({ type }) => type);
      return missing.length === 0;
    });
    expect(told.filter(({ version }) => version === 'demo-generous').map(({ type, by, activation }) => [type, by, activation])).toEqual([
      ['bundle.published', 'ann', null], ['bundle.ordered', 'ann', 1], ['bundle.reviewed', 'rob', 1], ['bundle.activated', 'rob', 1],
    ]);
    expect(told.find(({ type }) => type === 'bundle.reviewed')).toMatchObject({ detail: 'the board agreed', statement: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) });
    expect(told).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'bundle.rolled_back', version: 'demo-1', by: 'rob', activation: 2 })]));
    expect((await typed('history', '--all')).out).toMatchObject({ events: expect.arrayContaining([expect.objectContaining({ type: 'bundle.acknowledged' })]) as unknown });
    expect(await whole.people.nobody.call('policy', 'GET', '/policy/history?after=x')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
