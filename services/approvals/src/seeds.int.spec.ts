import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus, Outgoing } from '@countersign/bus';
import type { GovernedDecided } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { argumentsDigest, createKeySet, generateKey, isOfDigest, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { openOwnDatabase } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import type { Pool } from 'pg';
import { approvalId, composeApprovals } from './compose.ts';
import type { ApprovalService } from './compose.ts';
import { cardOf } from './core/channels/card.ts';
import { slackMessage } from './core/channels/slack-message.ts';
import { teamsCard } from './core/channels/teams-card.ts';
import { shapeOf } from './shape.fixture.ts';
import { shownWhole } from './views/shown.ts';

const keys: Record<string, SigningKey> = { olaf: generateKey('olaf-1'), tina: generateKey('tina-1') };
const action = '0192f5a0-8f00-7a11-8c01-000000000001';
let now = 1_800_000_000_000;
const seconds = () => Math.floor(now / 1_000);
const published: Outgoing[] = [];
const bus = { publish: async (messages: readonly Outgoing[]) => { published.push(...messages); } } as unknown as Bus;
const asked = (over: object): GovernedDecided => ({
  position: 40, tenant: 'acme', run: 's1', agent: 'payer', inbox: null, now, seq: null, traceparent: null, kind: 'action.decided', tool: 'payments.transfer', round: 1,
  resolved: null, snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' }, attested: true, reply: {}, ...over,
}) as unknown as GovernedDecided;

describe('a seeded bad request', () => {
  let database: OwnDatabase;
  let pool: Pool;
  let service: ApprovalService;
  beforeAll(async () => {
    database = await openOwnDatabase('seeds');
    pool = openPool({ connectionString: database.url });
    service = await composeApprovals({
      bus, pool, key: generateKey('approvals-1'), tenant: 'acme', now: () => now, onError: (error) => { throw error; },
      people: { audience: 'approvals', useOnce: async () => true, now: () => now, person: (id) => (keys[id] ? { roles: ['treasurer'], status: 'active', keys: createKeySet([keys[id].publicJwk]) } : undefined) },
    });
  });
  afterAll(async () => { await service?.stop(); await pool?.end(); await database?.close(); });

  it('looks like any other, tells who looked, and nothing comes of it', async () => {
    const derived = (value: unknown) => ({ value, origin: 'derived' });
    const real = asked({
      action, message: { action, tool: 'payments.transfer', arguments: { to: 'DE1', minor: 500 }, deadline: null, reason: 'due', confidence: null }, reserved: { calls: 1, money: { minor: 500, currency: 'EUR' } },
      facts: { target: derived(['DE1']), 'target.trust': derived('instruction'), 'target.named': derived(true), amount: derived(500), 'amount.named': derived(true), 'tool.reversible': derived(false) },
      decision: { decision: 'step_up', tier: 3, code: null, rules: [{ id: 'large', tier: 3, decision: null, reason: 'large' }], policyVersion: 'v1', claim: true, approval: { route: ['treasurer'], quorum: 1, expiresAt: now + 60_000, digest: argumentsDigest('x'), requesters: ['olga'], askedAt: now, nonce: 's1:sa1:1', subject: argumentsDigest('y'), reminders: [now + 30_000], bound: { definition: argumentsDigest('d'), catalogue: 3, session: argumentsDigest('s'), owners: ['olga'], instruction: argumentsDigest('i'), instructedBy: 'olga' } } },
    });
    const ask = { agent: 'payer', tool: 'payments.transfer', arguments: { to: 'XX1', minor: 9_900 }, reason: 'urgent!' };
    // Nothing was asked yet in a run that lives: it would be known for what it is.
    await expect(service.seed(ask, 'olaf')).rejects.toMatchObject({ code: 'nothing_like_it' });
    await service.take([{ kind: 'run.started', run: 's1', message: { instruction: { text: 'pay DE1 its 5.00 EUR', attestation: null } }, instruction: { attestedBy: 'olga' } }, real] as never);
    const model = (await service.view.get('acme', approvalId('s1', action, 40)))!;
    now += 7_000;
    const { question } = await service.seed(ask, 'olaf');
    const seeded = (await service.view.get('acme', question.approval))!;
    // Everything that an approver sees has the same shape, over HTTP and in every channel: names, kinds of ids, lengths of lists, what follows from what.
    expect(shapeOf(shownWhole(seeded, now))).toEqual(shapeOf(shownWhole(model, now)));
    const [a, b] = [cardOf(seeded as never, 1, 'https://c.example'), cardOf(model as never, 1, 'https://c.example')];
    expect(shapeOf(a)).toEqual(shapeOf(b));
    expect(shapeOf(slackMessage(a, { token: 't', approve: true }))).toEqual(shapeOf(slackMessage(b, { token: 't', approve: true })));
    expect(shapeOf(teamsCard(a))).toEqual(shapeOf(teamsCard(b)));
    expect(isOfDigest(shownWhole(seeded, now), argumentsDigest('d'))).toBe(true);
    // It hangs together: what was derived from the arguments is, and what no longer stands in the instruction is not said to.
    expect(shownWhole(seeded, now)).toMatchObject({
      run: 's1', target: ['XX1'], cost: { minor: 9_900 }, expiresAt: now + 60_000, requestedAt: now, instruction: { text: 'pay DE1 its 5.00 EUR', by: 'olga' },
      evidence: { facts: { amount: { value: 9_900 }, 'amount.named': { value: false }, 'target.trust': { value: 'third_party' }, 'tool.reversible': { value: false } } }, ask: { reminders: [now + 30_000] },
    });
    await service.opened(question.approval, 'tina');
    const jws = (person: string) => signPersonStatement('vote', { sub: person, approval: question.approval, digest: question.digest, vote: 'deny', reason: 'who is XX1?', iat: seconds() }, keys[person]!);
    await expect(service.vote(question.approval, { jws: jws('olaf') })).rejects.toMatchObject({ code: 'self_approval' });
    expect(shownWhole(await service.vote(question.approval, { jws: jws('tina') }), now)).toMatchObject({ resolution: 'denied', seeded: true });
    expect((await service.reviewers()).find(({ person }) => person === 'tina')).toMatchObject({ seeded: 1, caught: 1, catchRate: 1 });
    expect(published.filter(({ topic }) => topic === 'runs.inbox.v1')).toEqual([]);
  });
});
