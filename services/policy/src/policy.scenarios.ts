import { expect, it } from '@jest/globals';
import { partitionFor } from '@countersign/bus';
import { validateGovernedRecord, validateReply } from '@countersign/contracts';
import type { DsseEnvelope, Reply } from '@countersign/contracts';
import { createKeySet, generateKey, signEvidence, subjectOfCall, validationType, verifyGrant, verifyReceipt } from '@countersign/identity';
import { parse } from 'yaml';
import type { CheckpointStore } from './app/ports.ts';
import type { Policy, PolicyPorts } from './compose.ts';
import { compileBundle } from './core/rules/compile.ts';
import { until } from '@countersign/spec';
import { bundleText, id7 } from './policy.fixture.ts';
import type { Rig } from './policy.fixture.ts';

export interface Stage { readonly rig: Rig; readonly checkpoints: CheckpointStore; readonly policy: () => Policy; readonly restart: (over?: Partial<PolicyPorts>) => Promise<Policy> }

/** What policy does on any bus; processor.spec.ts runs it in memory, processor.int.spec.ts on Kafka and PostgreSQL. */
export const scenarios = (stage: () => Stage): void => {
  const repliesOf = (run: string): Reply[] => stage().rig.replies.filter((reply) => reply.run === run);
  const replied = async (run: string, n: number): Promise<Reply[]> => {
    await until(`${n} replies of ${run}, got ${JSON.stringify(repliesOf(run))}`, () => repliesOf(run).length >= n).catch((error: Error) => { throw new Error(`${error.message}; last: ${JSON.stringify(repliesOf(run))}`); });
    return repliesOf(run);
  };
  const recordsOf = (run: string) => stage().rig.governed.map(({ record }) => record).filter((record) => record.run === run);

  it('decides a proposal: governed record and reply with a grant that verifies', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    const action = id7();
    await rig.publish([r.started(), r.proposed(action, 'bank.read', { to: 'x' })]);
    const [, reply] = await replied(r.run, 2);
    expect(reply).toMatchObject({ kind: 'decided', decision: 'allow', tier: 1, code: 'ok', action });
    expect(verifyGrant(reply!.grant!, createKeySet([rig.service.policy.publicJwk]), { now: Date.now(), audience: 'bank' })).toMatchObject({ ok: true, claims: { run: r.run, action, tool: 'bank.read' } });
    await until('records', () => recordsOf(r.run).length === 2);
    for (const record of recordsOf(r.run)) expect([validateGovernedRecord(record), validateGovernedRecord.errors]).toEqual([true, null]);
    for (const one of repliesOf(r.run)) expect(validateReply(one)).toBe(true);
    await rig.publish([r.outcome(action)]);
    expect((await replied(r.run, 3))[2]).toMatchObject({ kind: 'noted', code: 'ok' });
  });

  it('waits for people, and decides again with votes that verify', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    const action = id7();
    await rig.publish([r.started(), r.proposed(action, 'bank.transfer', { amount: 5_000, to: 'x' })]);
    const [, asking] = await replied(r.run, 2);
    expect(asking).toMatchObject({ decision: 'step_up', tier: 3, grant: null, claim: true });
    await until('the question', () => recordsOf(r.run).length === 2);
    // Its receipt came with it, names the very message, and stands in the record as well.
    const question = recordsOf(r.run)[1]!;
    expect(verifyReceipt(asking!.receipt!, createKeySet([rig.service.policy.publicJwk]))).toMatchObject({ ok: true, claims: { run: r.run, action, decision: 'step_up', tier: 3, code: 'approval_required', rules: expect.arrayContaining(['large']), message: question.inbox!.hash } });
    expect(question).toMatchObject({ reply: { receipt: asking!.receipt } });
    const asked = recordsOf(r.run)[1]!;
    await rig.publish([rig.approve(asked, { ...generateKey('carl-1') })]);
    await until('the forged vote on the record', () => recordsOf(r.run).some((record) => record.kind === 'message.refused' && record.code === 'votes_invalid'));
    await rig.publish([rig.approve(asked)]);
    const final = (await replied(r.run, 3))[2]!;
    expect(final).toMatchObject({ decision: 'allow', tier: 3, round: 2, claim: true });
    expect(final.grant).not.toBeNull();
  });

  it('weighs a change by what it reaches in the system graph, and raises while it knows none', async () => {
    const { rig } = stage();
    const bundle = compileBundle({ ...(parse(bundleText) as object), rules: [{ id: 'reach', owner: 'olga', rationale: 'it reaches far', tools: ['bank.merge'], when: 'change.blastRadius > 0', tier: 4 }] });
    await stage().policy().stop();
    await stage().restart({ bundle });
    const r = rig.runtime();
    const merge = (...files: string[]) => r.proposed(id7(), 'bank.merge', { files });
    await rig.publish([r.started(), merge('docs/a.md')]);
    expect((await replied(r.run, 2))[1]).toMatchObject({ tier: 3, decision: 'step_up' });
    const node = (id: string, paths: string[], dependsOn: string[] = []) => rig.signed(rig.service.registry, 'countersign.registry.node.v1', rig.snapshotTopics.graph, id, { node: id, tenant: 'acme', version: 1, kind: 'service', title: id, owner: null, dependsOn, marks: [], paths, status: 'live' });
    // What is asked for first comes last: then the others are known as well.
    await rig.publish([node('ledger', ['ledger/*']), node('web', ['web/*'], ['ledger']), node('docs', ['docs/*'])]);
    let tier = 3;
    for (let n = 3; tier === 3 && n < 100; n++) {
      await rig.publish([merge('docs/a.md')]);
      tier = (await replied(r.run, n))[n - 1]!.tier!;
    }
    expect(tier).toBe(2);
    const before = repliesOf(r.run).length;
    await rig.publish([merge('ledger/book.ts')]);
    expect((await replied(r.run, before + 1))[before]).toMatchObject({ tier: 4 });
    await until('its record', () => recordsOf(r.run).some((record) => record.kind === 'action.decided' && record.decision.tier === 4));
    expect(recordsOf(r.run).find((record) => record.kind === 'action.decided' && record.decision.tier === 4)).toMatchObject({ facts: { 'change.blastRadius': { value: 1, origin: 'derived' } } });
    await stage().policy().stop();
    await stage().restart();
  });

  it('weighs signed evidence in every round, and keeps it on the record', async () => {
    const { rig } = stage();
    const bundle = compileBundle({ ...(parse(bundleText) as object), rules: [{ id: 'untested', owner: 'olga', rationale: 'what is not tested asks', tools: ['bank.transfer'], when: '!evidence.passed || amount > 500', tier: 3, obligations: { approval: { route: ['controller'], quorum: 1, expiresIn: '1h' } } }, { id: 'forged', owner: 'olga', rationale: 'no', tools: ['bank.transfer'], when: 'evidence.present && !evidence.verified', decision: 'deny' }] });
    await stage().policy().stop();
    await stage().restart({ bundle });
    const r = rig.runtime();
    const evidenceFor = (amount: number, key = rig.carl) => [signEvidence({ _type: 'https://in-toto.io/Statement/v1', subject: [subjectOfCall('bank.transfer', { amount })], predicateType: validationType, predicate: { madeAt: new Date().toISOString(), result: 'passed', tested: ['dry run'] } }, key, 'person:carl')];
    const propose = (amount: number, evidence: readonly DsseEnvelope[]) => r.message('proposed', { action: id7(), tool: 'bank.transfer', arguments: { amount }, deadline: null, reason: null, confidence: null, evidence });
    await rig.publish([r.started(), propose(5, evidenceFor(5)), propose(6, evidenceFor(5)), propose(7, evidenceFor(7, generateKey('carl-1'))), propose(600, evidenceFor(600))]);
    expect((await replied(r.run, 5)).slice(1).map(({ decision, tier }) => [decision, tier])).toEqual([['allow', 2], ['deny', 3], ['deny', 3], ['step_up', 3]]);
    await until('records', () => recordsOf(r.run).length >= 5);
    for (const record of recordsOf(r.run)) expect([validateGovernedRecord(record), validateGovernedRecord.errors]).toEqual([true, null]);
    expect(recordsOf(r.run)[1]).toMatchObject({ evidence: [{ by: 'person:carl', tested: ['dry run'] }], facts: { 'evidence.passed': { value: true, origin: 'attested' } } });
    await rig.publish([rig.approve(recordsOf(r.run)[4]!)]);
    expect((await replied(r.run, 6))[5]).toMatchObject({ decision: 'allow', round: 2 });
    await until('the second round', () => recordsOf(r.run).length >= 6);
    expect(recordsOf(r.run)[5]).toMatchObject({ facts: { 'evidence.passed': { value: true } } });
    await stage().policy().stop();
    await stage().restart();
  });

  it('answers a replayed message with the original reply, a conflicting id with its code', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    const action = id7();
    const message = r.proposed.bind(null, action, 'bank.read', { to: 'a' });
    const started = r.started();
    const first = message();
    await rig.publish([started, first]);
    await rig.publish([first]);
    await rig.publish([message(), r.proposed(action, 'bank.read', { to: 'b' })]);
    const [, original, replayed, repeated, conflict] = await replied(r.run, 5);
    expect(replayed).toEqual(original);
    expect(repeated).toEqual(original);
    expect(conflict).toMatchObject({ kind: 'refused', code: 'action_conflict' });
    await until('the refused conflict on the record', () => recordsOf(r.run).some((record) => record.kind === 'message.refused'));
    expect(recordsOf(r.run).filter((record) => record.kind === 'action.decided')).toHaveLength(1);
  });

  it('acts on nothing that is not proved, and blocks behind none of it', async () => {
    const { rig } = stage();
    const honest = rig.runtime();
    const forged = rig.runtime({ tokenKey: generateKey('registry-1') });
    const stolen = rig.runtime({ tokenKey: rig.service.anomaly });
    const unproved = rig.runtime({ secret: Buffer.alloc(32, 7) });
    const tombstone = { ...honest.started(), value: null };
    const good = rig.runtime();
    const { run } = good;
    await rig.publish([
      forged.started(), stolen.started(), unproved.started(), tombstone, { topic: rig.topics.inbox, key: id7(), value: Buffer.from([0, 1, 2, 255]) }, { ...unproved.started(), headers: { cs_token: 'a.b.c' } },
      { ...rig.signed(rig.service.anomaly, 'countersign.runs.halted.v1', rig.topics.inbox, run, { halt: 'h', by: 'x', reason: 'y', mode: 'halt' }) },
      good.started(), good.message('proposed', null, { raw: Buffer.from('{"action":"x","action":"y"}') }), good.message('proposed', null, { raw: Buffer.from('{"a":"\\u0000"}') }),
      good.message('proposed', { nothing: 1 }), good.message('nonsense', {}), good.message('proposed', {}, { time: Date.now() - 3_600_000 }), good.proposed(id7(), 'bank.unknown'), good.proposed(id7(), 'bank.read', { surprise: 1 }), good.proposed(id7(), 'bank.read'),
    ]);
    expect((await replied(run, 9)).map((reply) => reply.code)).toEqual(['ok', 'duplicate_key', 'nul_byte', 'invalid_schema', 'unsupported_type', 'clock_skew', 'unknown_tool', 'arguments_invalid', 'ok']);
    await until('dead letters', () => rig.dead.length >= 2);
    expect(rig.dead.map((message) => message.headers['cs_dead_code']).sort()).toEqual(['missing_header', 'tombstone']);
    const codes = () => new Set(rig.governed.flatMap(({ record }) => (record.kind === 'messages.unproven' ? record.counts.map((count) => count.code) : [])));
    await until('counts', () => codes().size >= 5);
    expect([...codes()].sort()).toEqual(['bad_proof', 'bad_signature', 'bad_token', 'unknown_key', 'wrong_signer']);
    expect(repliesOf(forged.run)).toHaveLength(0);
    expect(repliesOf(stolen.run)).toHaveLength(0);
    expect(repliesOf(unproved.run)).toHaveLength(0);
  });

  it('refuses a record in the wrong partition and an expired token, each with its code', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    const late = rig.runtime({ claims: { iat: Math.floor(Date.now() / 1000) - 600, exp: Math.floor(Date.now() / 1000) - 300 } });
    await rig.publish([{ ...r.started(), partition: 1 - partitionFor(r.run, 2) }, late.started()]);
    expect((await replied(r.run, 1))[0]).toMatchObject({ kind: 'refused', code: 'wrong_partition' });
    expect((await replied(late.run, 1))[0]).toMatchObject({ kind: 'refused', code: 'token_expired' });
  });

  it('raises and then denies while the audit log is behind, on nobody\'s word but that of audit', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    let asked = 1;
    await rig.publish([r.started()]);
    const said = (minutes: number, who = rig.service.audit) => rig.publish([rig.signed(who, 'countersign.audit.standing.v1', rig.snapshotTopics.standing, 'test/acme', { origin: 'test/acme', tenant: 'acme', completeUntil: Date.now() - minutes * 60_000, at: Date.now() })]);
    const decided = async (): Promise<Reply> => { await rig.publish([r.proposed(id7(), 'bank.transfer', { amount: 100, to: 'x' })]); return (await replied(r.run, ++asked))[asked - 1]!; };
    const becomes = async (decision: string): Promise<Reply> => { for (let n = 0; n < 100; n++) { const reply = await decided(); if (reply.decision === decision) return reply; } throw new Error(`never became ${decision}`); };
    expect(await decided()).toMatchObject({ decision: 'allow', tier: 2 });
    await said(90);
    expect(await becomes('deny')).toMatchObject({ code: 'record_behind', grant: null });
    await said(30);
    expect(await becomes('step_up')).toMatchObject({ tier: 3, grant: null });
    await until('it is on the record', () => recordsOf(r.run).some((record) => record.kind === 'action.decided' && record.facts['record']?.value === 'behind' && record.decision.rules.some(({ id }) => id === 'builtin:record-behind')));
    await said(0, rig.service.anomaly);
    expect(await decided()).toMatchObject({ decision: 'step_up' });
    await said(0);
    expect(await becomes('allow')).toMatchObject({ tier: 2 });
    // What is said again later takes nothing back.
    await said(90);
    expect(await decided()).toMatchObject({ decision: 'allow' });
  });

  it('is taken over: the next owner folds, goes on with dense positions, and remembers every run', async () => {
    const { rig } = stage();
    const r = rig.runtime();
    const action = id7();
    const first = r.proposed.bind(null, action, 'bank.read', { to: 'a' });
    const opening = [r.started(), first()];
    await rig.publish(opening);
    const original = (await replied(r.run, 2))[1];
    await stage().policy().stop();
    const gap = r.proposed(id7(), 'bank.read');
    await rig.publish([gap]);
    // A broker without access control: somebody else has written into the log of policy, in between and at its end.
    const garbage = ['{', 'null', '{"kind":"action.decided"}', '{"kind":"action.decided","position":999999999,"now":1}'];
    await rig.publish([0, 1].flatMap((partition) => garbage.map((text) => ({ topic: rig.topics.governed, key: 'x', partition, value: Buffer.from(text) }))));
    const how: string[] = [], told: string[] = [];
    const counted = new Map<string, number>();
    await stage().restart({ onTakenOver: (_partition, { from }) => { how.push(from); }, onError: (error) => { told.push(error.message); }, count: (what, n) => { counted.set(what, (counted.get(what) ?? 0) + n); } });
    await rig.publish([opening[1]!, r.proposed(id7(), 'bank.forbidden')]);
    const replies = await replied(r.run, 5);
    expect(replies[2]).toMatchObject({ code: 'ok', seq: 2 });
    expect(replies[3]).toEqual(original);
    expect(replies[4]).toMatchObject({ decision: 'deny' });
    expect(how).toContain('checkpoint');
    await until('both partitions tell of it', () => counted.get('foreign') === 2 * garbage.length);
    expect(told.filter((text) => text.includes('none of policy\'s'))).toEqual([expect.stringContaining('no JSON'), expect.stringContaining('no JSON')]);
    await until('all records', () => rig.governed.filter(({ record }) => record.kind === 'partition.owned').length >= 3);
    for (const partition of new Set(rig.governed.map((one) => one.partition))) {
      const positions = rig.governed.filter((one) => one.partition === partition).map((one) => one.record.position);
      expect(positions).toEqual(positions.map((_, i) => i));
    }
  });
};
