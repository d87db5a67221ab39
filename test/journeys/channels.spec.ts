import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Whole } from '@countersign/spec/whole';
import { signPersonStatement } from '@countersign/identity';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSlackServer } from '../../libs/cli/src/demo/slack/slack-server.ts';
import type { SlackServer } from '../../libs/cli/src/demo/slack/slack-server.ts';
import { approvalFor } from './approval-for.ts';

/** An approver lives in Slack: from the agent's proposal to the grant, through gateway, approvals and policy. */
describe('an approver in Slack', () => {
  let whole: Whole, clerk: Agent, slack: SlackServer, dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'channels-'));
    // The workspace needs the gateway's address and the services the workspace's: it is told later where to call.
    let requestUrl = '';
    slack = await startSlackServer({ token: 'xoxb-1', team: 'T1', signingSecret: 'shh', get requestUrl() { return requestUrl; } });
    const file = join(dir, 'channels.yaml');
    writeFileSync(file, JSON.stringify({ pages: 'http://127.0.0.1:7100', allow: [new URL(slack.api).origin], channels: [{ id: 'slack-main', kind: 'slack', api: slack.api, team: 'T1', token: 'slack-token', signingSecret: 'slack-signing' }] }));
    whole = await startWhole({ CS_CHANNELS: file }, undefined, {}, (place) => {
      mkdirSync(join(place.secretsDir, 'channels'), { mode: 0o700 });
      writeFileSync(join(place.secretsDir, 'channels/slack-token'), 'xoxb-1', { mode: 0o600 });
      writeFileSync(join(place.secretsDir, 'channels/slack-signing'), 'shh', { mode: 0o600 });
    });
    requestUrl = `${whole.urls.gateway}/channels/slack-main/callback`;
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); await slack?.close(); rmSync(dir, { recursive: true, force: true }); });

  const link = async (who: Human, account: string, minor: number | null) => {
    const { body } = await who.call('approvals', 'GET', '/channels');
    const iat = Math.floor(Date.now() / 1_000);
    const [channel] = body['channels'] as { key: string }[];
    const jws = signPersonStatement('channel-link', { sub: who.person, tenant: 'acme', channel: 'slack-main', account, key: channel!.key, minor, currency: minor === null ? null : 'EUR', iat, exp: iat + 3_600 }, who.key);
    expect(await who.call('approvals', 'POST', '/channels/slack-main/links', { jws })).toMatchObject({ status: 200, body: { account, person: who.person } });
  };
  /** Again for as long as approvals does not answer the gateway: then nothing was decided. */
  const click = (...pressed: Parameters<SlackServer['click']>) => until('the callback is answered', async () => { const answer = await slack.click(...pressed); return answer.status !== 503 && answer; });
  const ask = async (minor: number) => {
    const run = await clerk.open({ text: 'pay what is due', attestation: null });
    const action = run.propose('desk.transfer', { to: 'NL01', minor });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    const { approval } = await approvalFor(whole, action.action);
    const messageFor = (user: string) => until(`${user} is asked`, () => slack.messagesOf(user).find(({ blocks }) => JSON.stringify(blocks).includes(approval)));
    return { action, messageFor, approval };
  };

  it('is asked, approves with a click, and the agent gets its grant; everybody who was asked sees it', async () => {
    await Promise.all([link(whole.people.tess, 'UTESS', 50_000), link(whole.people.theo, 'UTHEO', null)]);
    const { action, messageFor } = await ask(500);
    expect((await click('UTESS', await messageFor('UTESS'), 'approve')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
    await until('both see the end', async () => (await messageFor('UTESS')).text.startsWith('approved') && (await messageFor('UTHEO')).text.startsWith('approved'));
  });

  it('through the gateway too, only Slack\'s own, fresh and single callbacks count', async () => {
    const { action, messageFor } = await ask(501);
    const post = await messageFor('UTESS');
    expect((await click('UTESS', post, 'approve', { secret: 'other' })).status).toBe(401);
    expect((await click('UTESS', post, 'approve', { atS: Math.floor(Date.now() / 1_000) - 400 })).status).toBe(401);
    const { raw } = await click('UTESS', post, 'open');
    expect((await fetch(`${whole.urls.gateway}/channels/slack-main/callback`, { method: 'POST', headers: raw.headers, body: raw.body })).status).toBe(409);
    expect((await fetch(`${whole.urls.gateway}/channels/slack-main/callback`, { method: 'POST', headers: raw.headers, body: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await click('UTESS', post, 'deny')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
  });

  it('hears of it when it went ahead over their heads', async () => {
    const { action, messageFor, approval } = await ask(502);
    await Promise.all([messageFor('UTESS'), messageFor('UTHEO')]);
    const shown = await approvalFor(whole, action.action);
    for (const who of [whole.people.sena, whole.people.operator]) expect(await who.vote(shown, 'break_glass')).toMatchObject({ status: 200 });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
    // The message that they had changes in place, and another one calls their attention to it.
    for (const user of ['UTESS', 'UTHEO']) await until(`${user} is told`, () => slack.messagesOf(user).filter((post) => `${post.text} ${JSON.stringify(post.blocks)}`.includes('sena and operator broke the glass')).length >= 2 || undefined);
    expect(JSON.stringify((await messageFor('UTESS')).blocks)).toContain(approval);
  });

  it('is one of two at most: a large payment takes somebody\'s own key besides', async () => {
    await Promise.all([link(whole.people.tess, 'UTESS', 1_000_000), link(whole.people.theo, 'UTHEO', 1_000_000)]);
    const { action, messageFor, approval } = await ask(200_000);
    const theirs = await messageFor('UTHEO');
    await click('UTESS', await messageFor('UTESS'), 'approve');
    await click('UTHEO', theirs, 'approve');
    await until('Slack tells him why not', () => slack.answersTo('UTHEO').some((text) => text.includes('own key')) || undefined);
    const shown = await approvalFor(whole, action.action);
    expect(shown).toMatchObject({ approval, status: 'open' });
    expect(await whole.people.theo.vote(shown, 'approve')).toMatchObject({ status: 200, body: { resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
    expect(await whole.drain()).toMatchObject({ ok: true });
  });
});
