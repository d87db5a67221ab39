import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topic, validateAuditStanding } from '@countersign/contracts';
import type { ApiActivity, CompletenessView, HoldList, LogQueryResponse, OpenedEntries, StoryView } from '@countersign/contracts';
import { encodings, verifyServiceMessage } from '@countersign/identity';
import { followSigned, serviceKeys } from '@countersign/service-host';
import { enrol, openTerminal, startSiem, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, Human, Siem, Terminal, Whole } from '@countersign/spec/whole';
import { leafHash, parseCheckpoint, parseProof, tilePath, verifyInclusion } from '@countersign/tamper-log';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { fromUrl } from '../../libs/cli/src/audit/verify.ts';
import { audit } from '../../libs/cli/src/audit/command.ts';
import { receipt } from '../../libs/cli/src/audit/receipt-command.ts';
import { call } from '../../libs/spec/src/whole/http.ts';
import { approvalFor } from './approval-for.ts';

/** An auditor asks the record about a payment, has it told, takes it home, and is not fooled there. */
describe('the record, for somebody who trusts nobody here', () => {
  let whole: Whole, clerk: Agent, ada: Human, terminal: Terminal, siem: Siem;
  let run: string, action: string, key: string;
  beforeAll(async () => {
    siem = await startSiem({}, [{ name: 'soc', to: { kind: 'ocsf-kafka' }, filter: { types: ['countersign.governed.'] }, from: 'start' }]);
    ({ whole, agent: clerk } = await startWithAgent('clerk', { CS_SUBSCRIPTIONS: siem.file, CS_STANDING_INTERVAL_MS: '250', CS_AUDIT_PATROL_MS: '50' }));
    ada = await enrol(whole.urls, whole.people.operator, 'ada', ['auditor']);
    terminal = openTerminal(whole.urls);
    terminal.keep(ada, ['auditor']);
    terminal.keep(whole.people.operator, ['operator']);
    terminal.keep(whole.people.nobody, []);
    key = terminal.file('known-key', String((await call('GET', `${whole.urls.audit}/verifier-key`)).body['text']));
    const opened = await clerk.open(whole.people.owner.instruct('clerk', 'pay the printer <b>now</b>'));
    const paid = opened.propose('desk.transfer', { to: 'NL01', minor: 900 }, { reason: '<script>toner</script> is empty' });
    await paid.decision;
    await whole.people.tess.vote(await approvalFor(whole, paid.action), 'approve');
    await paid.settled(60_000);
    await paid.execute(whole.tools.execute('desk.transfer'), { waitMs: 60_000 });
    await opened.end();
    [run, action] = [opened.id, paid.action];
    await whole.drain();
    await until('the index has the end of the run', async () => ((await ada.call('audit', 'GET', `/query?run=${run}&type=countersign.governed.run.ended.v1`)).body['entries'] as unknown[] | undefined)?.length === 1);
  }, 240_000);
  afterAll(async () => { terminal?.close(); await whole?.close(); await siem?.close(); });

  it('is asked in many ways by those who may, and by nobody else', async () => {
    expect(await terminal.typed(audit, 'query', '--person', 'tess', '--run', run)).toMatchObject({ code: 0, out: { entries: expect.arrayContaining([expect.objectContaining({ decision: 'allow', tier: 3, tool: 'desk.transfer', people: expect.arrayContaining(['tess']) })]) } });
    expect(await terminal.typed(audit, 'query', '--text', 'toner', '--from', '1h')).toMatchObject({ code: 0, out: { entries: expect.arrayContaining([expect.objectContaining({ run, action })]) } });
    expect(await whole.people.nobody.call('audit', 'GET', `/query?run=${run}`)).toMatchObject({ status: 403 });
    expect(await call('GET', `${whole.urls.audit}/opened?indices=0`)).toMatchObject({ status: 401 });
    expect(await ada.call('audit', 'GET', '/query?rnu=x')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('is written for a SIEM to a file, which a later export goes on with', async () => {
    const file = join(terminal.folder, 'events.ocsf');
    const filter = terminal.file('filter.json', JSON.stringify({ decisions: ['step_up', 'allow'] }));
    expect(await terminal.typed(audit, 'export', '--format', 'ocsf', '--run', run, '--filter', filter, '--out', file)).toMatchObject({ code: 0, out: { format: 'ocsf', events: 2 } });
    expect(readFileSync(file, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as ApiActivity).status)).toEqual(['Waiting for people', 'Success']);
    expect(await terminal.typed(audit, 'export', '--format', 'ocsf', '--run', run, '--filter', filter, '--out', file, '--resume')).toMatchObject({ code: 0, out: { events: 0 } });
    expect(await terminal.typed(audit, 'export', '--format', 'cef', '--run', run, '--out', `${file}.cef`)).toMatchObject({ code: 0 });
    expect(readFileSync(`${file}.cef`, 'utf8')).toMatch(/^CEF:0\|Countersign\|.*\n(?:CEF:0\|.*\n)+$/);
    expect(await terminal.typed(audit, 'export', '--format', 'cef', '--filter', terminal.file('bad.json', '{"decision": []}'), '--out', file)).toMatchObject({ code: 2, err: expect.stringContaining('additional properties') });
    expect(await terminal.typed(audit, 'export', '--format', 'leef', '--out', file)).toMatchObject({ code: 2, err: expect.stringContaining('ocsf, cef') });
  });

  it('tells the run as one story, on a page in which nothing of an agent runs', async () => {
    const page = join(terminal.folder, 'story.html');
    const { code, out } = await terminal.typed<StoryView>(audit, 'story', run, '--html', page);
    expect(code).toBe(0);
    expect(out).toMatchObject({ agent: 'clerk', instruction: { text: 'pay the printer <b>now</b>', by: 'owner' }, actions: [{ action, tool: 'desk.transfer', rounds: [{ decision: 'step_up' }, { decision: 'allow' }], votes: [{ person: 'tess', vote: 'approve' }], outcome: 'succeeded' }] });
    expect(out.actors.map(({ id }) => id)).toEqual(expect.arrayContaining(['clerk', 'owner', 'tess', 'policy', 'approvals']));
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('&lt;script&gt;toner');
    expect(text).not.toMatch(/<script|<b>now/);
  });

  it('is taken home and holds there; one changed byte does not', async () => {
    const dir = join(terminal.folder, 'evidence');
    expect(await terminal.typed(audit, 'export', '--run', run, '--out', dir)).toMatchObject({ code: 0, out: { missing: [] } });
    expect(await terminal.typed(audit, 'verify', dir, '--offline', '--key', key)).toMatchObject({ code: 0, out: { ok: true, bundles: 1, votes: { verified: 2, unknown: 0 }, cosigned: { policy: 'none' } } });
    expect(await terminal.typed(audit, 'verify', dir, '--offline')).toMatchObject({ code: 1, out: { ok: false, key: 'self-signed' } });
    const story = JSON.parse(readFileSync(join(dir, 'story.json'), 'utf8')) as StoryView;
    expect(story.actions).toMatchObject([{ votes: [{ person: 'tess' }], outcome: 'succeeded' }]);
    const vote = story.steps.find(({ who, what }) => who === 'tess' && what.startsWith('votes'))!;
    const path = join(dir, 'entries', `${vote.index}.payload`);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.from(bytes.toString().replace('approve', 'approxe')));
    expect(await terminal.typed(audit, 'verify', dir, '--offline', '--key', key)).toMatchObject({ code: 1, out: { ok: false, firstBad: { file: `entries/${vote.index}.payload` } } });
  });

  it('hands out the receipt of an action, which holds without us; of a changed one, and of what there is none, it says so', async () => {
    const file = join(terminal.folder, 'receipt.json');
    expect(await terminal.typed(receipt, 'get', run, action, '--out', file)).toMatchObject({ code: 0, out: { statement: { run, action: { id: action }, decision: { decision: 'allow', round: 2 }, outcome: { status: 'succeeded' } } } });
    expect(await terminal.typed(receipt, 'get', run, action, '--round', '1')).toMatchObject({ code: 0, out: { statement: { decision: { decision: 'step_up', round: 1 } } } });
    expect(await terminal.typed(receipt, 'verify', file, '--offline', '--key', key)).toMatchObject({ code: 0, out: { ok: true, decision: 'allow' } });
    const changed = terminal.file('changed.json', readFileSync(file, 'utf8').replaceAll('desk.transfer', 'desk.transfen'));
    expect(await terminal.typed(receipt, 'verify', changed, '--offline', '--key', key)).toMatchObject({ code: 1, out: { ok: false, why: expect.stringContaining('its statement is not what its entries say') } });
    expect(await terminal.typed(receipt, 'verify', file, '--offline')).toMatchObject({ code: 2, err: expect.stringContaining('Usage: countersign receipt') });
    expect(await terminal.typed(receipt, 'verify', join(terminal.folder, 'none.json'), '--offline', '--key', key)).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') });
    expect(await terminal.typed(receipt, 'get', run, 'no-such-action')).toMatchObject({ code: 1, err: expect.stringContaining('not_found') });
    expect(await terminal.typed(receipt, 'get', run, action, '--as', 'guest')).toMatchObject({ code: 1, err: expect.stringContaining('forbidden') });
    expect(await terminal.typed(receipt, 'get', run)).toMatchObject({ code: 2, err: expect.stringContaining('Usage: countersign receipt get RUN ACTION') });
  });

  it('is not fooled by who writes to its topics or beside its log: a stranger is nobody, and what was taken away from a run is noticed', async () => {
    const value = Buffer.from(JSON.stringify({ stream: 'agent:ghost', version: 1, type: 'agent.activated', at: 1, by: 'owner', data: { agent: 'ghost' } }));
    await whole.bus.publish([{ topic: topic.registryEvents, key: 'agent:ghost', value, headers: { ce_id: 'ghost-1', ce_type: 'countersign.registry.agent.activated.v1', ce_source: 'registry', ce_time: new Date().toISOString(), tenant: 'acme' } }]);
    const asked = async (query: string) => ((await ada.call('audit', 'GET', `/query?${query}`)).body as unknown as LogQueryResponse).entries;
    const [rejected] = await until('it is on the record', async () => { const found = await asked('type=countersign.audit.rejected.v1&text=ghost'); return found.length === 1 && found; });
    expect(rejected).toMatchObject({ run: null, agent: null, stream: null, people: [] });
    const [{ leaf, payload }] = ((await ada.call('audit', 'GET', `/opened?indices=${rejected!.index}`)).body as unknown as OpenedEntries).entries as [OpenedEntries['entries'][number]];
    expect([JSON.parse(String(Buffer.from(leaf, 'base64'))), Buffer.from(payload!, 'base64')]).toEqual([expect.objectContaining({ states: { what: 'event_rejected', code: 'missing_header' } }), value]);
    // Everything that the services themselves said verifies.
    expect(await asked('type=countersign.audit.rejected.v1')).toHaveLength(1);
    for (const service of ['registry', 'policy', 'approvals']) expect((await asked(`type=countersign.${service}.event.v1`)).length).toBeGreaterThan(0);

    const decisions = await asked(`run=${run}&type=countersign.governed.action.decided.v1`);
    const database = new pg.Client(whole.place.database('audit'));
    await database.connect();
    await database.query('delete from indexed where index = $1', [decisions[0]!.index]);
    expect(await asked(`run=${run}&type=countersign.governed.action.decided.v1`)).toEqual(decisions);
    // A question that names no run is not fooled for longer than the patrol takes, and the SOC hears of it.
    const outcomes = await asked(`tool=desk.transfer&type=countersign.governed.action.outcome.v1`);
    await database.query('delete from indexed where index = any($1)', [outcomes.map(({ index }) => index)]);
    await until('they are found again', async () => (await asked('tool=desk.transfer&type=countersign.governed.action.outcome.v1')).length === outcomes.length);
    await until('a SIEM has heard of it', () => siem.got().some(({ activity_name: name, severity }) => name === 'audit.incident' && severity === 'High'));
    const { rows: [row] } = await database.query<Record<'log' | 'index' | 'slot' | 'key' | 'body', unknown>>('delete from sealed_payload where index = $1 returning *', [decisions[0]!.index]);
    const dir = join(terminal.folder, 'robbed');
    expect(await terminal.typed(audit, 'export', '--run', run, '--out', dir)).toMatchObject({ code: 0 });
    expect(await terminal.typed(audit, 'verify', dir, '--offline', '--key', key)).toMatchObject({ code: 1, out: { ok: false, firstBad: { file: `entries/${decisions[0]!.index}.payload` } } });
    await database.query('insert into sealed_payload (log, index, slot, key, body) values ($1, $2, $3, $4, $5)', [row!.log, row!.index, row!.slot, row!.key, row!.body]);
    await database.end();
  });

  it('reached a SIEM meanwhile: who wanted what, what people said, and not a word of the arguments', async () => {
    const events = await until('it has the outcome', () => { const found = siem.got().filter(({ unmapped }) => unmapped.run === run); return found.some(({ status, activity_name: name }) => name === 'action.outcome' && status === 'Success') && found; });
    expect(events.map(({ activity_name: name, status }) => `${name} ${status}`)).toEqual(expect.arrayContaining(['action.decided Waiting for people', 'action.decided Success', 'action.outcome Success']));
    expect(JSON.stringify(events)).not.toMatch(/NL01|toner/);
    expect(await ada.call('audit', 'GET', '/subscriptions')).toMatchObject({ status: 200, body: { subscriptions: [{ name: 'siem', kind: 'ocsf-http', refused: 0, trouble: null }, { name: 'soc', kind: 'ocsf-kafka', refused: 0, trouble: null }] } });
  });

  it('reached a SOC that reads Kafka with the same events, each under its own id and signed by audit', async () => {
    const { keys } = serviceKeys(whole.place.secretsDir);
    const got = new Map<string, ApiActivity>();
    const subscription = await whole.bus.follow({ topics: [topic.auditOcsf], from: 'start', onBatch: (messages) => { for (const message of messages) {
      expect(verifyServiceMessage(message, keys, { 'countersign.audit.ocsf.v1': ['audit'] })).toMatchObject({ ok: true });
      got.set(message.headers['ce_id']!, JSON.parse(message.value!.toString()) as ApiActivity);
    } } });
    const events = await until('it has the outcome', () => { const found = [...got.values()].filter(({ unmapped }) => unmapped.run === run); return found.some(({ status, activity_name: name }) => name === 'action.outcome' && status === 'Success') && found; });
    await subscription.stop();
    expect([...got].every(([id, { metadata }]) => id === metadata.uid)).toBe(true);
    expect([...got.values()].every(({ metadata }) => metadata.event_code.startsWith('countersign.governed.'))).toBe(true);
    const byIndex = (all: readonly ApiActivity[]) => [...new Map(all.filter(({ metadata }) => events.some((one) => one.metadata.uid === metadata.uid)).map((one) => [one.metadata.uid, one])).values()].toSorted((a, b) => a.metadata.sequence - b.metadata.sequence);
    await until('the SIEM has as many', () => byIndex(siem.got()).length === byIndex(events).length);
    expect(byIndex(events)).toEqual(byIndex(siem.got()));
  });

  it('is read over HTTP as a tile log: what cannot change may be kept, what will change soon may not, and what is not there yet is not remembered', async () => {
    const asked = async (path: string) => { const answer = await fetch(`${whole.urls.audit}/${path}`); return { status: answer.status, cache: answer.headers.get('cache-control'), type: answer.headers.get('content-type'), text: await answer.text() }; };
    const head = await asked('checkpoint');
    expect(head).toMatchObject({ status: 200, cache: 'public, max-age=1', type: 'text/plain; charset=utf-8' });
    const { size } = parseCheckpoint(encodings, head.text)!.checkpoint;
    const last = { n: Math.floor((size - 1) / 256), width: (size - 1) % 256 + 1 };
    for (const level of [0, 'entries'] as const) {
      const answer = await asked(tilePath({ level, ...last }));
      expect(answer).toMatchObject({ status: 200, cache: last.width === 256 ? 'public, max-age=31536000, immutable' : 'public, max-age=3600', type: 'application/octet-stream' });
      expect(await asked(tilePath({ level, n: last.n + 9, width: 256 }))).toMatchObject({ status: 404, cache: 'no-store' });
    }
    expect(await asked('tile/0/01')).toMatchObject({ status: 404, cache: 'no-store' });
  });

  it('says up to when it is complete, to policy as well, and that nothing is missing of what runtimes and services told', async () => {
    const told = Date.now();
    const said = followSigned(whole.bus, { topic: topic.auditStanding, signer: 'audit', keys: serviceKeys(whole.place.secretsDir).keys, now: Date.now, validate: validateAuditStanding, keyOf: ({ origin }) => origin });
    await until('audit has said so', () => [...said.entries()].some(([, { completeUntil }]) => completeUntil > told), 30_000);
    await said.stop();
    const { code, out } = await terminal.typed<CompletenessView>(audit, 'completeness');
    expect({ code, streams: out.streams, short: out.faulty.filter(({ faults }) => faults.includes('short')), ours: out.faulty.filter((one) => one.run === run) }).toEqual({ code: 0, streams: [], short: [], ours: [] });
    expect(out.completeUntil).toBeGreaterThan(told);
    expect(out.runs.closed).toBeGreaterThan(0);
  });

  it('notices that an event of a service never came, although nothing follows it in its stream', async () => {
    const gaps = async () => ((await ada.call('audit', 'GET', '/query?type=countersign.audit.gap.v1')).body as unknown as LogQueryResponse).entries;
    expect(await gaps()).toEqual([]);
    // What the registry said next was lost on its way: its number is spent, and nobody ever hears of it.
    const database = new pg.Client(whole.place.database('registry'));
    await database.connect();
    const lost = await until('nothing is on its way', async () => {
      await database.query('begin; lock table outbox in exclusive mode');
      const { rows: [row] } = await database.query<{ next: string }>("update outbox_sent set next = next + 1 where source = 'registry.events.v1/0' and not exists (select 1 from outbox) returning next");
      await database.query('commit');
      return row;
    });
    await database.end();
    await enrol(whole.urls, whole.people.operator, 'late', ['guest']);
    const [gap] = await until('it is on the record', async () => { const found = await gaps(); return found.length > 0 && found; });
    const { entries: [opened] } = (await ada.call('audit', 'GET', `/opened?indices=${gap!.index}`)).body as unknown as OpenedEntries;
    expect(JSON.parse(Buffer.from(opened!.leaf, 'base64').toString())).toMatchObject({ states: { topic: 'registry.events.v1', partition: 0, expected: Number(lost.next) - 1, found: Number(lost.next) } });
    expect(await terminal.typed<CompletenessView>(audit, 'completeness')).toMatchObject({ code: 1, out: { noticed: expect.arrayContaining([expect.objectContaining({ index: gap!.index, kind: 'gap', what: `registry.events.v1 partition 0: ${Number(lost.next) - 1} to ${Number(lost.next) - 1} never came` }), expect.objectContaining({ kind: 'incident', what: expect.stringMatching(/^index changed: first/) })]) } });
  });

  it('forgets a person for good where nothing forbids it: no word, no key, no name is left, and every proof still holds', async () => {
    const { theo } = whole.people;
    const opened = await clerk.open(theo.instruct('clerk', 'read what the unicorn said'));
    await opened.propose('desk.read', { note: 'unicorn-7' }).decision;
    await opened.end();
    const found = async (query: string) => ((await ada.call('audit', 'GET', `/query?${query}`)).body as unknown as LogQueryResponse).entries;
    await until('the index has the end of the run', async () => (await found(`run=${opened.id}&type=countersign.governed.run.ended.v1`)).length === 1);
    const indices = (await found(`run=${opened.id}`)).map(({ index }) => index);
    const leaves = async () => ((await ada.call('audit', 'GET', `/opened?indices=${indices.join(',')}`)).body as unknown as OpenedEntries).entries;
    const readable = async () => (await leaves()).filter(({ payload }) => payload !== null).length;
    const kept = (file: string): string => readFileSync(join(whole.place.secretsDir, 'audit-keys', file), 'utf8');
    const before = await leaves();
    const name = /"instructed"[^}]*"(p-[\w-]+)"|"(p-[\w-]+)"[^}]*"instructed"/.exec(before.map(({ leaf }) => Buffer.from(leaf, 'base64').toString()).join('\n'))?.slice(1).find(Boolean);
    expect([await readable(), kept('data-keys.jsonl').includes(`run:${opened.id}`), kept('pseudonyms.jsonl').includes(name!)]).toEqual([indices.length, true, true]);

    const erase = (...more: string[]) => terminal.typed(audit, 'erase', '--person', 'theo', '--reason', 'theo asked', ...more);
    expect(await erase('--as', 'ada')).toMatchObject({ code: 1, err: expect.stringContaining('forbidden') });
    expect(await erase('--run', opened.id)).toMatchObject({ code: 2, err: expect.stringContaining('countersign audit erase --person theo') });
    expect(await terminal.typed(audit, 'erase', '--run', 'no-such-run', '--reason', 'asked')).toMatchObject({ code: 1, err: expect.stringContaining('not_found') });
    const held = await terminal.typed<HoldList>(audit, 'hold', 'person', 'theo', '--reason', 'matter 12');
    expect(held).toMatchObject({ code: 0, out: { holds: [{ scope: 'person', reason: 'matter 12', by: 'operator' }] } });
    expect(await terminal.typed(audit, 'hold', 'all', 'theo', '--reason', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('Usage: countersign audit hold') });
    expect(await terminal.typed(audit, 'hold', 'everybody', 'theo', '--reason', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('invalid_request') });
    expect(await erase()).toMatchObject({ code: 1, err: expect.stringMatching(/legal_hold.*\n.*releases it first/) });
    const { hold } = held.out.holds[0]!;
    expect(await terminal.typed(audit, 'holds')).toMatchObject({ code: 0, out: held.out });
    expect(await terminal.typed(audit, 'release', String(hold), '--reason', 'settled')).toMatchObject({ code: 0, out: { holds: [] } });
    expect(await terminal.typed(audit, 'release', String(hold), '--reason', 'settled')).toMatchObject({ code: 1, err: expect.stringContaining('no such hold is in force') });
    expect(await terminal.typed(audit, 'release', 'twelve', '--reason', 'settled')).toMatchObject({ code: 2, err: expect.stringContaining('countersign audit release 3') });
    const database = new pg.Client(whole.place.database('audit'));
    await database.connect();
    await database.query('alter table legal_hold rename to away');
    expect((await erase()).code).not.toBe(0);
    await database.query('alter table away rename to legal_hold');
    await database.end();
    expect(await readable()).toBe(indices.length);

    expect(await erase()).toMatchObject({ code: 0, out: { entries: expect.any(Number), keys: expect.any(Number) } });
    expect([await readable(), kept('data-keys.jsonl').includes(`run:${opened.id}`), kept('pseudonyms.jsonl').includes(name!)]).toEqual([0, false, false]);
    expect([await found('text=unicorn'), await found(`person=theo&run=${opened.id}`)]).toEqual([[], []]);
    expect((await leaves()).map(({ leaf }) => leaf)).toEqual(before.map(({ leaf }) => leaf));
    await until('the erasure is an entry', async () => (await found('type=countersign.audit.erased.v1')).length === 1);
    const read = fromUrl(whole.urls.audit);
    for (const { index, leaf } of before) {
      const proof = parseProof(encodings, Buffer.from(await read(`proof/inclusion/${index}`)).toString())!;
      const { checkpoint } = parseCheckpoint(encodings, proof.note)!;
      expect(verifyInclusion(encodings.sha256, index, checkpoint.size, leafHash(encodings.sha256, Buffer.from(leaf, 'base64')), proof.path, checkpoint.root)).toBe(true);
    }
    expect(await whole.drain()).toMatchObject({ ok: true });
  });
});
