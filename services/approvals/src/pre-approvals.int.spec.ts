import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus, Outgoing } from '@countersign/bus';
import type { ApprovalResolved, GovernedDecided } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { createKeySet, generateKey, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { PreApprovalTerms } from '@countersign/kernel';
import { openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import type { Pool } from 'pg';
import { approvalId, composeApprovals } from './compose.ts';
import type { ApprovalService } from './compose.ts';

const keys: Record<string, SigningKey> = { tom: generateKey('tom-1'), tina: generateKey('tina-1'), olga: generateKey('olga-1') };
let now = 1_800_000_000_000;
const published: Outgoing[] = [];
const bus = { publish: async (messages: readonly Outgoing[]) => { published.push(...messages); } } as unknown as Bus;
const euros = (minor: number) => ({ minor, currency: 'EUR' });
const terms = (over: Partial<PreApprovalTerms> = {}): PreApprovalTerms => ({ tenant: 'acme', agent: 'clerk', tool: 'care.credit', targets: ['NL01'], amount: euros(500), sum: euros(5_000), uses: 3, from: now / 1_000, until: now / 1_000 + 3_600, ...over });
const signed = (person: string, of: PreApprovalTerms) => signPersonStatement('pre-approval', { sub: person, terms: of, reason: 'the monthly credits', iat: now / 1_000 }, keys[person]!);
const asked = (run: string, action: string, position: number): GovernedDecided => ({
  position, tenant: 'acme', run, agent: 'clerk', inbox: null, now, seq: null, traceparent: null, kind: 'action.decided', action, tool: 'care.credit', round: 1,
  message: { action, tool: 'care.credit', arguments: { to: 'NL01', minor: 400 }, deadline: null, reason: null, confidence: null }, resolved: null, reply: {}, snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' },
  facts: Object.fromEntries(Object.entries({ target: ['NL01'], 'target.trust': 'instruction', 'tool.reversible': true, level: 'normal', amount: 400 }).map(([fact, value]) => [fact, { value, origin: 'derived' }])),
  decision: { decision: 'step_up', tier: 3, code: null, rules: [], policyVersion: 'v1', claim: true, approval: { route: ['treasurer'], quorum: 2, expiresAt: now + 60_000, digest: `d-${action}`, requesters: ['olga'], askedAt: now } }, reserved: { calls: 1, money: euros(400) }, attested: true,
}) as unknown as GovernedDecided;
const resolved = (run: string) => published.filter(({ topic, key }) => topic === 'runs.inbox.v1' && key === run).map(({ value }) => JSON.parse(value!.toString()) as ApprovalResolved);

describe('pre-approvals on PostgreSQL', () => {
  let database: OwnDatabase;
  let pool: Pool;
  const running: ApprovalService[] = [];
  const open = async () => {
    const service = await composeApprovals({
      bus, pool, key: generateKey('approvals-1'), tenant: 'acme', now: () => now, onError: (error) => { throw error; },
      people: { audience: 'approvals', useOnce: async () => true, now: () => now, person: (id) => (keys[id] ? { roles: ['treasurer'], status: 'active', keys: createKeySet([keys[id].publicJwk]) } : undefined) },
    });
    running.push(service);
    return service;
  };
  beforeAll(async () => {
    database = await openOwnDatabase('pre_approvals');
    pool = openPool({ connectionString: database.url });
  });
  afterAll(async () => {
    await Promise.all(running.map((service) => service.stop()));
    await pool.end();
    await database.close();
  });

  it('answer what they cover with the votes of those who signed, and count each use once over restarts, repeats and two instances at the same time', async () => {
    const service = await open();
    // Terms that somebody without a say signed hide no others.
    await service.preApprove(signed('olga', terms({ uses: 9, until: now / 1_000 + 600 })));
    const of = terms();
    expect(await service.preApprove(signed('tom', of))).toMatchObject({ status: 'live', signers: [{ person: 'tom' }] });
    // One of two is not enough: people are asked.
    await service.take([asked('r1', 'a0', 1)]);
    expect(await service.view.get('acme', approvalId('r1', 'a0', 1))).toMatchObject({ status: 'open' });
    expect(resolved('r1')).toEqual([]);

    const { preApproval } = await service.preApprove(signed('tina', of));
    const other = await open();
    const records = [asked('r1', 'a1', 2), asked('r1', 'a2', 3)];
    await Promise.all([service.take(records), other.take(records)]);
    await (await open()).take(records);
    await until('both are answered', () => resolved('r1').length === 2);
    expect(resolved('r1').map(({ action, resolution, votes }) => [action, resolution, votes.map(({ person, preApproval: by }) => `${person} ${by}`)])).toEqual(['a1', 'a2'].map((action) => [action, 'approved', [`tom ${preApproval}`, `tina ${preApproval}`]]));
    expect((await service.preApprovals.list())[0]).toMatchObject({ preApproval, status: 'live', used: [{ action: 'a1', money: euros(400) }, { action: 'a2' }] });

    // The third use is the last; the fourth is for people.
    await Promise.all([service.take([asked('r2', 'a3', 4)]), other.take([asked('r3', 'a4', 5)])]);
    expect((await service.preApprovals.list())[0]).toMatchObject({ status: 'used_up', used: [{}, {}, {}] });
    const left = await Promise.all([service.view.get('acme', approvalId('r2', 'a3', 4)), service.view.get('acme', approvalId('r3', 'a4', 5))]);
    expect(left.map((one) => one!.status).sort()).toEqual(['closed', 'open']);
    const onRecord = () => published.filter(({ topic, key }) => topic === 'approvals.events.v1' && key === `pre-approval-${preApproval}`).map(({ value }) => (JSON.parse(value!.toString()) as { type: string }).type);
    await until('all of it is on the record', () => onRecord().length === 5);
    expect(onRecord()).toEqual(['pre_approved', 'pre_approved', 'pre_approval_used', 'pre_approval_used', 'pre_approval_used']);
  });

  it('let nothing more through once somebody took them back', async () => {
    const service = await open();
    now += 60_000;
    const of = terms({ run: 'r9' });
    await service.preApprove(signed('tom', of));
    const { preApproval } = await service.preApprove(signed('tina', of));
    await expect(service.preApprovals.revoke(preApproval, { person: 'olga', roles: [] })).rejects.toMatchObject({ code: 'not_eligible' });
    expect(await service.preApprovals.revoke(preApproval, { person: 'tina', roles: [] })).toMatchObject({ status: 'revoked', revokedBy: 'tina' });
    await service.take([asked('r9', 'a1', 9)]);
    expect(await service.view.get('acme', approvalId('r9', 'a1', 9))).toMatchObject({ status: 'open' });
    await expect(service.preApprove(signed('olga', of))).rejects.toMatchObject({ code: 'pre_approval_over' });
    await expect(service.preApprove(signed('tom', { ...of, tenant: 'globex' }))).rejects.toMatchObject({ code: 'vote_invalid' });
    await expect(service.preApprove(signed('tom', { ...of, until: of.from + 9 * 3_600 }))).rejects.toMatchObject({ code: 'vote_invalid' });
  });
});
