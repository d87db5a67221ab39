import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReviewView } from '@countersign/contracts';
import { createKeySet, loadJwks, signPersonStatement } from '@countersign/identity';
import { createLabels } from '@countersign/policy/core/calibration/labels';
import { deskTool, enrol, openTerminal, rulesFolder, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { readBus } from '../../libs/cli/src/policy/calibrate/source.ts';
import { policy } from '../../libs/cli/src/policy/command.ts';
import { approvalFor } from './approval-for.ts';

const dayMs = 86_400_000, weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const text = { type: 'string', minLength: 1, maxLength: 200 };
const tools = {
  'desk.visit': deskTool('Visits a host', { host: text }, { consequential: false, facts: { target: '[args.host]' } }),
  'desk.patients': deskTool('Reads records of patients', { ward: text }, { consequential: false, dataClasses: ['health'], facts: { target: '[args.ward]' } }),
};
const rules = `
- id: desk.unsure
  owner: sam@acme
  rationale: Whoever is not sure where it goes, or does not say, asks a person.
  tools: [desk.visit]
  when: '!(confidence >= 0.75)'
  tier: 3
- id: desk.health
  owner: lea@acme
  rationale: Health data is a matter for compliance before anybody looks.
  tools: ['desk.*']
  when: "'health' in tool.data"
  tier: 4
  obligations: { approval: { route: [compliance], quorum: 1, expiresIn: 1h } }
- id: desk.named
  owner: sam@acme
  rationale: A senior decides, and the person who knows this host.
  tools: [desk.visit]
  when: "'named.example' in target"
  tier: 3
  obligations: { approval: { route: [senior], quorum: 1, expiresIn: 30m } }
`;
/** Open on one day of the week only, which is neither today nor yesterday nor tomorrow anywhere; and closed by a freeze that began an hour ago. */
const shutFor = 3, at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
const openDay = new Date((Math.floor(Date.now() / dayMs) + shutFor) * dayMs);
const calendars = `
  calendars:
    seldom: { zone: UTC, days: [${weekdays[openDay.getUTCDay()]}], from: "09:00", to: "17:00" }
    closing: { zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun], freezes: [{ from: "${at(Date.now() - 3_600_000)}", to: "${at(Date.now() + dayMs)}", reason: the books are being closed }] }
`;
const clocks = `    - { id: office, tools: [desk.rush], clock: { calendar: seldom, remind: [0.5] } }
    - { id: slow, tools: [desk.transfer], when: amount == 2000, clock: { remind: [0.0002], escalate: [{ after: 0.0004, to: [{ role: senior }] }] } }
    - { id: known, tools: [desk.visit], when: "'named.example' in target", factors: [{ name: knows, from: [{ person: tess }], standIn: [treasurer] }] }
    - { id: books, tools: [desk.transfer], when: amount < 1000, clock: { calendar: closing } }
`;

/** What goes to people, and by which clock: what an agent is unsure of or should not see, out of business hours and in a freeze; and what it did alone, judged by somebody else. */
describe('asked why, and when', () => {
  let whole: Whole;
  let clerk: Agent;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cs-review-'));
    await cp(rulesFolder, folder, { recursive: true });
    const bundle = join(folder, 'bundle.yaml');
    await writeFile(bundle, `${(await readFile(bundle, 'utf8')).replace('  breakGlass:', `${clocks}  breakGlass:`)}${calendars}\nreview: { rate: 1 }\n`);
    await appendFile(join(folder, 'rules', 'desk.yaml'), rules);
    whole = await startWhole({ CS_POLICY_BUNDLE: folder, CS_POLICY_BUNDLE_NAME: 'desk' }, undefined, tools);
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); await rm(folder, { recursive: true, force: true }); });

  it('APTS-HO-013: an agent that is not sure, or does not say how sure it is, asks a person, who sees that; one that is sure goes on', async () => {
    const run = await clerk.open({ text: 'visit ten hosts', attestation: null });
    expect(await run.propose('desk.visit', { host: 'sure.example' }, { confidence: 0.75 }).decision).toMatchObject({ decision: 'allow' });
    for (const more of [{ confidence: 0.74 }, {}]) {
      const action = run.propose('desk.visit', { host: 'unsure.example' }, more);
      expect(await action.decision).toMatchObject({ decision: 'step_up', tier: 3, grant: null });
      const approval = await approvalFor(whole, action.action);
      const { body } = await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`);
      expect(body).toMatchObject({ target: ['unsure.example'], rules: expect.arrayContaining([expect.objectContaining({ id: 'desk.unsure' })]), ...('confidence' in more && { evidence: { facts: { confidence: { value: 0.74, origin: 'claimed' } } } }) });
      expect((await whole.people.tess.vote(approval, 'deny')).status).toBe(200);
      expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
    }
    await run.end();
  });

  it('APTS-HO-014: what touches regulated data stops the run before it is read, until compliance, and nobody else, has decided', async () => {
    const lea = await enrol(whole.urls, whole.people.operator, 'lea', ['compliance']);
    const run = await clerk.open({ text: 'how full is the ward', attestation: null });
    const before = whole.tools.executed.length;
    const action = run.propose('desk.patients', { ward: 'w1' });
    expect(await action.decision).toMatchObject({ decision: 'step_up', tier: 4, grant: null });
    await until('the run stands still', () => whole.seen.governed(run.id).some(({ kind }) => kind === 'run.halted'));
    expect(await run.propose('desk.read', { note: '1' }).decision).toMatchObject({ decision: 'deny', code: 'run_halted' });
    const approval = await approvalFor(whole, action.action);
    for (const other of [whole.people.tess, whole.people.sena]) expect(await other.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    expect(await until('approvals knows her', async () => { const answer = await lea.vote(approval, 'deny'); return answer.status !== 401 && answer; })).toMatchObject({ status: 200, body: { resolution: 'denied' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
    expect(whole.tools.executed.length).toBe(before);
  });

  it('out of business hours nobody\'s time runs: what has 700 ms ends 700 ms after the office opens', async () => {
    const run = await clerk.open({ text: 'pay at once', attestation: null });
    const action = run.propose('desk.rush', { to: 'NL01', minor: 500 });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    const approval = await approvalFor(whole, action.action);
    const opens = openDay.getTime() + 9 * 3_600_000;
    const { body } = await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`);
    expect(body).toMatchObject({ status: 'open', expiresAt: opens + 700, ask: { reminders: [opens + 350] } });
    expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ status: 200, body: { resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
  });

  it('in a freeze nothing is approved, and the answer says until when and why; a denial is taken', async () => {
    const run = await clerk.open({ text: 'pay what is due', attestation: null });
    const action = run.propose('desk.transfer', { to: 'NL01', minor: 900 });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    const approval = await approvalFor(whole, action.action);
    expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ status: 409, body: { code: 'frozen', detail: expect.stringContaining('the books are being closed') } });
    expect((await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`)).body).toMatchObject({ status: 'open', votes: [], ask: { freezes: [{ reason: 'the books are being closed' }] } });
    // What is not of that route is not frozen.
    const other = run.propose('desk.transfer', { to: 'NL01', minor: 1_000 });
    await other.decision;
    expect((await whole.people.tess.vote(await approvalFor(whole, other.action), 'approve')).status).toBe(200);
    expect((await whole.people.tess.vote(approval, 'deny')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
  });

  it('whoever does not answer is reminded once, then the next in the chain are asked as well, and may decide', async () => {
    const run = await clerk.open({ text: 'pay what is due', attestation: null });
    const action = run.propose('desk.transfer', { to: 'NL01', minor: 2_000 });
    await action.decision;
    const approval = await approvalFor(whole, action.action);
    const look = async () => (await whole.people.sena.call('approvals', 'GET', `/approvals/${approval.approval}`)).body;
    await until('it was escalated', async () => (await look())['escalated'] === 1 || undefined);
    expect(await look()).toMatchObject({ status: 'open', reminded: 1, you: { may: true } });
    expect(await whole.people.sena.vote(approval, 'approve')).toMatchObject({ status: 200, body: { resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
  });

  it('who is away is stood in for by whom they named, until they end it; their old word brings nobody back', async () => {
    const { tess, theo, sena } = whole.people;
    const visit = async () => {
      const run = await clerk.open({ text: 'visit the host', attestation: null });
      const action = run.propose('desk.visit', { host: 'named.example' }, { confidence: 1 });
      expect(await action.decision).toMatchObject({ decision: 'step_up' });
      return { action, approval: await approvalFor(whole, action.action) };
    };
    const { action, approval } = await visit();
    expect(await theo.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    const iat = Math.floor(Date.now() / 1_000);
    const jws = signPersonStatement('stand-in', { sub: 'tess', tenant: 'acme', to: 'theo', reason: 'on leave', from: iat, until: iat + 3_600, iat }, tess.key);
    expect(await tess.call('approvals', 'POST', '/stand-ins', { jws })).toMatchObject({ status: 200 });
    expect(await sena.vote(approval, 'approve')).toMatchObject({ body: { status: 'open' } });
    expect(await theo.vote(approval, 'approve')).toMatchObject({ status: 200, body: { resolution: 'approved', votes: [{ person: 'sena' }, { person: 'theo', standsFor: 'tess' }] } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
    expect(await tess.call('approvals', 'POST', '/stand-ins/withdraw', {})).toMatchObject({ status: 200, body: { standIns: [] } });
    expect(await theo.call('approvals', 'POST', '/stand-ins', { jws })).toMatchObject({ status: 409, body: { code: 'vote_invalid' } });
    expect(await theo.vote((await visit()).approval, 'approve')).toMatchObject({ status: 403 });
  });

  it('a calendar with no business hour comes into force nowhere', async () => {
    const terminal = openTerminal(whole.urls);
    try {
      terminal.keep(whole.people.operator, ['operator', 'policy-author']);
      const bundle = await readFile(join(folder, 'bundle.yaml'), 'utf8');
      await writeFile(join(folder, 'bundle.yaml'), bundle.replace(/days: \[\w+\]/, 'days: []').replace('desk-1', 'desk-never'));
      const refused = await terminal.typed(policy, 'publish', folder, '--as', 'operator');
      expect(refused.code).not.toBe(0);
      expect(`${refused.err} ${JSON.stringify(refused.out)}`).toContain('no business hour');
    } finally { terminal.close(); }
  });

  it('what an agent changed alone is drawn for review, shown without what was decided, and its verdict counts', async () => {
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
      const found = labels.labels().labelled.filter(({ tool }) => tool === 'desk.write');
      return found.length > 0 && found;
    });
    expect(labelled).toEqual([{ agent: 'clerk', tool: 'desk.write', confidence: 0.9, right: false, weight: 1, why: 'review' }]);
    await run.end();
  });
});
