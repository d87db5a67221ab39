import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startVendors } from '@countersign/spec/vendors';
import type { Vendors } from '@countersign/spec/vendors';
import { startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Whole } from '@countersign/spec/whole';
import { signPersonStatement } from '@countersign/identity';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { startSlackServer } from '../../libs/cli/src/demo/slack/slack-server.ts';
import type { SlackServer } from '../../libs/cli/src/demo/slack/slack-server.ts';
import { approvalFor } from './approval-for.ts';

/** Approvers live where they work: from the agent's proposal to the grant, through gateway, approvals and policy. */
describe('an approver in Slack', () => {
  let whole: Whole, clerk: Agent, slack: SlackServer, vendors: Vendors, dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'channels-'));
    // The workspace needs the gateway's address and the services the workspace's: it is told later where to call.
    let requestUrl = '';
    slack = await startSlackServer({ token: 'xoxb-1', team: 'T1', signingSecret: 'shh', get requestUrl() { return requestUrl; } });
    vendors = await startVendors([{ person: 'tess', address: 'tess@example.com' }]);
    const file = join(dir, 'channels.yaml');
    writeFileSync(file, JSON.stringify({ pages: 'http://127.0.0.1:7100', allow: [new URL(slack.api).origin, ...vendors.allow], channels: [{ id: 'slack-main', kind: 'slack', api: slack.api, team: 'T1', token: 'slack-token', signingSecret: 'slack-signing' }, ...vendors.channels] }));
    whole = await startWhole({ CS_CHANNELS: file }, undefined, {}, (place) => {
      mkdirSync(join(place.secretsDir, 'channels'), { mode: 0o700 });
      for (const [name, line] of Object.entries({ 'slack-token': 'xoxb-1', 'slack-signing': 'shh', ...vendors.secrets })) writeFileSync(join(place.secretsDir, 'channels', name), line, { mode: 0o600 });
    });
    requestUrl = `${whole.urls.gateway}/channels/slack-main/callback`;
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { await whole?.close(); await slack?.close(); await vendors?.close(); rmSync(dir, { recursive: true, force: true }); });

  const link = async (who: Human, account: string, minor: number | null, channel = 'slack-main') => {
    const { body } = await who.call('approvals', 'GET', '/channels');
    const iat = Math.floor(Date.now() / 1_000);
    const { key } = (body['channels'] as { channel: string; key: string }[]).find((one) => one.channel === channel)!;
    const jws = signPersonStatement('channel-link', { sub: who.person, tenant: 'acme', channel, account, key, minor, currency: minor === null ? null : 'EUR', iat, exp: iat + 3_600 }, who.key);
    expect(await who.call('approvals', 'POST', `/channels/${channel}/links`, { jws })).toMatchObject({ status: 200, body: { account, person: who.person } });
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

  /** What every place but Slack has about an approval by now. */
  const shownOf = (approval: string) => {
    const { jira, snow, teams, pager, mail, hook } = vendors;
    const ticket = ({ tickets }: Vendors['jira']) => [...tickets.values()].find(({ text }) => text.includes(approval));
    return {
      jira: ticket(jira), snow: ticket(snow), alert: pager.alerts.get(approval),
      cards: teams.cards.map((card) => JSON.stringify(card)).filter((card) => card.includes(approval)), mails: mail.mails.filter((one) => one.includes(approval)), hooks: hook.got.filter(({ body }) => body.includes(approval)),
    };
  };
  const inEveryPlace = (approval: string) => until(() => `${approval} is in every place (${JSON.stringify(shownOf(approval))})`, () => {
    const { jira, snow, alert, cards: [card], mails: [mail], hooks: [hook] } = shownOf(approval);
    return jira !== undefined && snow !== undefined && alert !== undefined && card !== undefined && mail !== undefined && hook !== undefined && { jira, snow, alert, card, mail, hook };
  }, 60_000);
  /** A decision of a ticket's approver, read for sure: once more after it was read. */
  const decides = async (ticket: Awaited<ReturnType<typeof inEveryPlace>>['jira'], account: string, decision: string) => {
    const before = ticket.reads;
    ticket.decided.set(account, decision);
    await until(`${account} is read`, () => ticket.reads >= before + 2);
  };
  /** The state that a webhook tells, as Standard Webhooks' own library reads it with each secret that is in use. */
  const told = ({ headers, body }: Vendors['hook']['got'][number], ...secrets: readonly string[]) => secrets.map((name) => new Webhook(vendors.secrets[name]!).verify(body, headers));

  it('is not alone: tickets, cards, pagers, mail and webhooks have it as well, a ticket decides it, and a place that is away holds up nothing', async () => {
    const theoThere = 'a'.repeat(32);
    await Promise.all([link(whole.people.tess, 'qm:1:tess', 50_000, 'jira'), link(whole.people.theo, theoThere, 50_000, 'snow')]);
    vendors.archive.become('away');
    const before = vendors.archive.got.length;
    const [paid, refused] = [await ask(510), await ask(511)];
    const places = await inEveryPlace(paid.approval);
    await paid.messageFor('UTESS');

    // Each shows all of it, and sends people to the page where they sign with their own key.
    const address = /http\S+\/ui\/approvals\/\S+/.exec(places.mail)![0];
    for (const text of [places.jira.text, places.snow.text, places.card, places.mail]) expect(text).toMatch(new RegExp(`minor[^]*510[^]*/ui/approvals/${paid.approval}`));
    expect(JSON.parse(places.card)).toMatchObject({ version: '1.5', actions: [{ type: 'Action.OpenUrl' }] });
    expect(places.alert).toMatchObject({ status: 'triggered', summary: 'clerk asks for desk.transfer' });
    for (const event of told(places.hook, 'hook-new', 'hook-old')) expect(event).toMatchObject({ type: 'approval.opened', data: { approval: paid.approval, state: 'open' } });
    expect(() => told(places.hook, 'pager-key')).toThrow();

    // The mail's one link is the gateway's own, signed for its reader: it logs nobody in and decides nothing.
    expect(places.mail.match(/https?:/g)).toHaveLength(1);
    const follow = (url: string) => { const { pathname, search } = new URL(url); return fetch(`${whole.urls.gateway}${pathname}${search}`, { redirect: 'manual' }); };
    const followed = await follow(address);
    expect([followed.status, followed.headers.get('location')]).toEqual([303, `/ui/login?next=${encodeURIComponent(`/ui/approvals/${paid.approval}`)}`]);
    expect((await follow(address.replace(paid.approval, refused.approval))).status).toBe(403);

    // In a ticket only those decide who linked their account: for them it is their vote.
    const others = await inEveryPlace(refused.approval);
    await Promise.all([decides(places.jira, 'qm:1:stranger', 'declined'), decides(places.snow, 'f'.repeat(32), 'rejected'), decides(others.jira, 'qm:1:stranger', 'approved')]);
    expect(await approvalFor(whole, paid.action.action)).toMatchObject({ status: 'open' });
    places.jira.decided.set('qm:1:tess', 'approved');
    others.snow.decided.set(theoThere, 'rejected');
    expect(await paid.action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
    expect(await refused.action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied' });
    for (const [{ approval }, person, vote] of [[paid, 'tess', 'approve'], [refused, 'theo', 'deny']] as const) expect((await whole.people.sena.call('approvals', 'GET', `/approvals/${approval}`)).body['votes']).toEqual([expect.objectContaining({ person, vote })]);

    for (const [{ approval, messageFor }, end] of [[paid, 'approved'], [refused, 'denied']] as const) {
      const said = `${end}: clerk, desk.transfer`;
      await until(() => `every place says ${said} (${JSON.stringify(shownOf(approval))})`, async () => {
        const { jira, snow, alert, cards, mails, hooks } = shownOf(approval);
        return [jira, snow].every((ticket) => ticket?.notes.join() === said) && alert?.status === 'resolved' && cards[1]?.includes(said) && mails[1]?.includes(said) && mails[1].includes('In-Reply-To') && hooks.at(-1)?.body.includes(`"state":"${end}"`) && (await messageFor('UTESS')).text.startsWith(end);
      }, 60_000);
    }
    const { operator, tess } = whole.people;
    expect(vendors.archive.got).toHaveLength(before);
    const archive = ((await operator.call('approvals', 'GET', '/channels')).body['channels'] as { channel: string; waiting: number; dead: number }[]).find(({ channel }) => channel === 'archive')!;
    expect(archive.waiting).toBeGreaterThanOrEqual(2);
    expect(archive.dead).toBe(0);

    // The place that was away all the while says at last that it is gone: an operator sees what did not arrive, and sends it again.
    vendors.archive.become('gone');
    await until('it is among the dead', async () => ((await operator.call('approvals', 'GET', '/channels/dead')).body['dead'] as { channel: string; approval: string }[]).some((one) => one.channel === 'archive' && one.approval === paid.approval), 60_000);
    vendors.archive.become('here');
    expect(await tess.call('approvals', 'POST', '/channels/archive/resend', { approval: paid.approval })).toMatchObject({ status: 403 });
    expect(await operator.call('approvals', 'POST', '/channels/archive/resend', { approval: paid.approval })).toMatchObject({ status: 200, body: { resent: 1 } });
    const late = await until('the archive has it', () => vendors.archive.got.find(({ body }) => body.includes(paid.approval)));
    expect(told(late, 'hook-new')).toMatchObject([{ type: 'approval.closed', data: { approval: paid.approval, state: 'approved' } }]);
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
