import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus, Outgoing } from '@countersign/bus';
import type { ChannelCallbackRequest } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { createKeySet, generateKey, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { answerAs, jiraDesk } from '@countersign/spec/vendors';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { startSlackServer } from '../../../libs/cli/src/demo/slack/slack-server.ts';
import type { SlackPost, SlackServer } from '../../../libs/cli/src/demo/slack/slack-server.ts';
import { askedOf } from './channels.fixture.ts';
import { approvalId, composeApprovals } from './compose.ts';
import type { ApprovalService } from './compose.ts';
import { openChannels } from './outbound/channels/open-channels.ts';
import type { ChannelsFile } from './outbound/channels/open-channels.ts';

const keys: Readonly<Record<string, SigningKey>> = { tess: generateKey('tess-1'), theo: generateKey('theo-1'), olga: generateKey('olga-1') };
const secrets = { slack: 'shh', hook: [`whsec_${Buffer.alloc(32, 1).toString('base64')}`, `whsec_${Buffer.alloc(32, 2).toString('base64')}`] } as const;

describe('channels', () => {
  let database: OwnDatabase, pool: Pool, dir: string, slack: SlackServer, hook: Server, hookUrl: string;
  let service: ApprovalService;
  /** Slack's clock and everybody's; moved by hand. */
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  let hookStatus = 200, n = 0;
  const received: { readonly headers: Record<string, string>; readonly body: string }[] = [];
  const troubles: string[] = [];
  const callbacks: ChannelCallbackRequest[] = [];
  const jira = jiraDesk({ user: 'bot', secret: 'xoxb-1' });

  const open = async (): Promise<ApprovalService> => {
    const file: ChannelsFile = {
      pages: 'http://127.0.0.1:7100', allow: [new URL(slack.api).origin, hookUrl], channels: [
        { id: 'slack-main', kind: 'slack', api: slack.api, team: 'T1', token: 'slack-token', signingSecret: 'slack-signing' },
        { id: 'hook', kind: 'webhook', url: `${hookUrl}/in`, secrets: ['hook-2', 'hook-1'] },
        { id: 'jira', kind: 'jira', api: `${hookUrl}/jira`, user: 'bot', token: 'slack-token', serviceDesk: '1', requestType: '2', pollMs: 100 },
        { id: 'inside', kind: 'webhook', url: 'https://127.0.0.1:9/in', secrets: ['hook-1'] },
      ],
    };
    return composeApprovals({
      bus: { publish: (_: readonly Outgoing[]) => Promise.resolve() } as unknown as Bus, pool, key: generateKey('approvals-1'), tenant: 'acme', now, channels: openChannels(file, dir, generateKey('approvals-1'), now),
      onError: (error, what) => { troubles.push(`${what}: ${error.message}`); },
      people: { audience: 'approvals', useOnce: async () => true, now, person: (id) => (keys[id] ? { roles: ['treasurer'], status: 'active', keys: createKeySet([keys[id].publicJwk]) } : undefined) },
    });
  };

  beforeAll(async () => {
    database = await openOwnDatabase('channels');
    pool = openPool({ connectionString: database.url });
    dir = mkdtempSync(join(tmpdir(), 'channels-'));
    mkdirSync(join(dir, 'channels'), { mode: 0o700 });
    for (const [file, text] of [['slack-token', 'xoxb-1'], ['slack-signing', secrets.slack], ['hook-1', secrets.hook[0]], ['hook-2', secrets.hook[1]]]) writeFileSync(join(dir, 'channels', file!), `${text!}\n`, { mode: 0o600 });
    // What the gateway does in between: the bytes as they came.
    hook = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const body = Buffer.concat(chunks);
        if (request.url!.startsWith('/jira/')) return answerAs(jira.answer, request, request.url!.slice('/jira'.length), body.toString(), response);
        if (request.url === '/in') { received.push({ headers: request.headers as Record<string, string>, body: body.toString() }); return response.writeHead(hookStatus).end(); }
        const callback = { body: body.toString('base64url'), headers: { timestamp: String(request.headers['x-slack-request-timestamp']), signature: String(request.headers['x-slack-signature']) } };
        callbacks.push(callback);
        return service.channels.callback('slack-main', callback).then(({ code }) => response.writeHead(200, { code }).end(), (error: { code: string }) => response.writeHead(400, { code: error.code }).end());
      });
    });
    await new Promise<void>((resolve) => { hook.listen(0, '127.0.0.1', resolve); });
    hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
    slack = await startSlackServer({ token: 'xoxb-1', team: 'T1', signingSecret: secrets.slack, requestUrl: `${hookUrl}/callback` });
    service = await open();
    await link('tess', 'UTESS');
    await link('theo', 'UTHEO', { minor: null, currency: null });
    await link('olga', 'UOLGA');
  });
  afterAll(async () => {
    await service.stop(); await slack.close();
    await new Promise((resolve) => { hook.closeAllConnections(); hook.close(resolve); });
    await pool.end();
    await database.close();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => { hookStatus = 200; });
  afterEach(() => { ahead = 0; slack.answerWith(undefined); });

  const signed = new Map<string, string>();
  const link = async (person: string, account: string, over: { minor?: number | null; currency?: string | null; by?: string } = {}) => {
    const { channels } = await service.channels.list(person);
    const { minor = 100_000, currency = 'EUR', by = person } = over;
    const iat = Math.floor(now() / 1_000);
    signed.set(person, signPersonStatement('channel-link', { sub: person, tenant: 'acme', channel: 'slack-main', account, key: channels[0]!.key!, minor, currency, iat, exp: iat + 3_600 }, keys[by]!));
    return service.channels.link('slack-main', signed.get(person)!);
  };
  /** The agent asks for something; people see it. */
  const ask = async (over: Parameters<typeof askedOf>[2] = {}) => {
    const run = `run-${++n}`;
    await service.take([askedOf(run, n, over, now())]);
    return approvalId(run, 'a1', n);
  };
  const messageFor = (user: string, approval: string): Promise<SlackPost> => until(`${user} has the message of ${approval}`, () => slack.messagesOf(user).find((post) => JSON.stringify(post.blocks).includes(approval)));
  const buttons = (post: SlackPost): string[] => post.blocks.flatMap((block) => (Array.isArray(block['elements']) ? (block['elements'] as { action_id?: string }[]).flatMap(({ action_id: id }) => (id === undefined ? [] : [id])) : []));
  const stateOf = async (approval: string) => { const found = (await service.view.get('acme', approval))!; return found.status === 'closed' ? found.resolution : found.status; };
  const shows = (user: string, approval: string, text: string) => until(`${user} sees that it is ${text}`, async () => (await messageFor(user, approval)).text.startsWith(text));

  it('take what was decided in a ticket by reading it back, from whoever linked their account there, and from nobody else', async () => {
    const { channels } = await service.channels.list('tess');
    const iat = Math.floor(now() / 1_000);
    await service.channels.link('jira', signPersonStatement('channel-link', { sub: 'tess', tenant: 'acme', channel: 'jira', account: 'qm:1:tess', key: channels.find(({ channel }) => channel === 'jira')!.key!, minor: 1_000, currency: 'EUR', iat, exp: iat + 3_600 }, keys['tess']!));
    const approval = await ask();
    const ticket = await until('the ticket', () => [...jira.tickets.values()].find(({ text }) => text.includes(approval)));
    ticket.decided.set('qm:1:stranger', 'declined');
    const before = ticket.reads;
    await until('it was read again, twice', () => ticket.reads >= before + 2);
    expect(await stateOf(approval)).toBe('open');
    ticket.decided.set('qm:1:tess', 'approved');
    await until('it counts', async () => await stateOf(approval) === 'approved');
    await shows('UTESS', approval, 'approved');
  });

  it('ask everybody who may vote and is linked, each with their own buttons, and tell them all once it is decided', async () => {
    const approval = await ask();
    const [tess, theo] = await Promise.all([messageFor('UTESS', approval), messageFor('UTHEO', approval)]);
    expect([buttons(tess), buttons(theo)]).toEqual([['approve', 'deny', 'open'], ['deny', 'open']]);
    expect(slack.messagesOf('UOLGA')).toEqual([]);
    expect(JSON.stringify(tess.blocks)).toContain('for &lt;!channel&gt;');
    await slack.click('UTESS', tess, 'approve');
    expect(await stateOf(approval)).toBe('approved');
    await Promise.all([shows('UTESS', approval, 'approved'), shows('UTHEO', approval, 'approved')]);
    expect(buttons(await messageFor('UTESS', approval))).toEqual(['open']);
    expect((await service.view.get('acme', approval))!.votes).toEqual([expect.objectContaining({ vote: expect.objectContaining({ person: 'tess', vote: 'approve', link: expect.any(String) }) })]);
  });

  it('are updated by a vote with an own key as well', async () => {
    const approval = await ask({ amount: 501 });
    await messageFor('UTESS', approval);
    await service.vote(approval, { jws: signPersonStatement('vote', { sub: 'theo', approval, digest: `digest-${n}`, vote: 'deny', reason: 'no', iat: Math.floor(now() / 1_000) }, keys['theo']!) });
    await shows('UTESS', approval, 'denied');
  });

  const answerOf = async (post: SlackPost, user: string, action: string, change: Parameters<SlackServer['click']>[3] = {}) => {
    const before = slack.answersTo(user).length, came = callbacks.length;
    const { status } = await slack.click(user, post, action, change);
    expect(callbacks.length).toBe(came + 1);
    return { status, told: async () => until('Slack tells them', () => slack.answersTo(user)[before]) };
  };

  it.each<[string, (approval: string) => Promise<unknown>]>([
    ['an unsigned callback', async () => service.channels.callback('slack-main', { body: Buffer.from('payload={}').toString('base64url'), headers: {} })],
    ['a callback signed with another secret', async (approval) => { const post = await messageFor('UTESS', approval); expect((await answerOf(post, 'UTESS', 'approve', { secret: 'other' })).status).toBe(400); return service.channels.callback('slack-main', callbacks.at(-1)!); }],
    ['a callback that was tampered with', async (approval) => {
      await answerOf(await messageFor('UTESS', approval), 'UTESS', 'open');
      const { body, headers } = callbacks.at(-1)!;
      return service.channels.callback('slack-main', { body: Buffer.from(Buffer.from(body, 'base64url').toString().replace('open', 'approve')).toString('base64url'), headers });
    }],
  ])('refuse %s', async (_, send) => {
    const approval = await ask();
    await expect(send(approval)).rejects.toMatchObject({ code: 'signature_invalid' });
    expect(await stateOf(approval)).toBe('open');
  });

  it.each([['stale', -310], ['dated in the future', 310]])('refuse a callback that is %s', async (_, offset) => {
    const approval = await ask();
    expect((await answerOf(await messageFor('UTESS', approval), 'UTESS', 'approve', { atS: Math.floor(Date.now() / 1_000) + offset })).status).toBe(400);
    await expect(service.channels.callback('slack-main', callbacks.at(-1)!)).rejects.toMatchObject({ code: 'callback_stale' });
    expect(await stateOf(approval)).toBe('open');
  });

  it('count a callback once, also after a restart, and a second click changes nothing', async () => {
    const approval = await ask({ quorum: 2 });
    const post = await messageFor('UTESS', approval);
    await answerOf(post, 'UTESS', 'approve');
    const [replay] = callbacks.slice(-1);
    await service.stop();
    service = await open();
    await expect(service.channels.callback('slack-main', replay!)).rejects.toMatchObject({ code: 'callback_replayed' });
    await answerOf(post, 'UTESS', 'approve');
    expect((await service.view.get('acme', approval))!.votes).toHaveLength(1);
  });

  it('give one factor at most: the second approval takes an own key', async () => {
    await link('theo', 'UTHEO');
    const approval = await ask({ quorum: 2 });
    const theirs = await messageFor('UTHEO', approval);
    await answerOf(await messageFor('UTESS', approval), 'UTESS', 'approve');
    expect(await (await answerOf(theirs, 'UTHEO', 'approve')).told()).toContain('another factor takes an own key');
    await until('the button is gone', async () => !buttons(await messageFor('UTHEO', approval)).includes('approve'));
    await service.vote(approval, { jws: signPersonStatement('vote', { sub: 'theo', approval, digest: `digest-${n}`, vote: 'approve', reason: 'yes', iat: Math.floor(now() / 1_000) }, keys['theo']!) });
    expect(await stateOf(approval)).toBe('approved');
  });

  it.each<[string, Parameters<typeof ask>[0]]>([['above the cap', { amount: 100_001 }], ['of the senior tier', { tier: 4 }]])('show no approve button for a request %s, and refuse one that is made up', async (_, over) => {
    const approval = await ask(over);
    const post = await messageFor('UTESS', approval);
    expect(buttons(post)).toEqual(['deny', 'open']);
    const value = (post.blocks.at(-1)!['elements'] as { value?: string }[])[0]!.value!;
    expect(await (await answerOf(post, 'UTESS', 'approve', { value })).told()).toContain('above what may be approved out of a channel');
    expect(await stateOf(approval)).toBe('open');
    await answerOf(post, 'UTESS', 'deny');
    expect(await stateOf(approval)).toBe('denied');
  });

  it.each<[string, string, Parameters<SlackServer['click']>[3], string]>([
    ['somebody else with a copy of the button', 'UTHEO', {}, 'not made for you'], ['an account that nobody linked', 'USTRANGER', {}, 'not made for you'], ['another workspace', 'UTESS', { team: 'T2' }, 'another workspace'],
    ['a button for another request', 'UTESS', { value: 'apr_other.AAAA' }, 'not made for you'],
  ])('take nothing from %s', async (_, user, change, told) => {
    const approval = await ask();
    const post = await messageFor('UTESS', approval);
    expect(await (await answerOf(post, user, 'approve', change)).told()).toContain(told);
    expect(await stateOf(approval)).toBe('open');
  });

  it('ask why where an approval counts only with a reason: the click opens a modal, and what is typed there stands with the vote', async () => {
    const approval = await ask({ relaxed: ['tess'] });
    const post = await messageFor('UTESS', approval);
    expect(buttons(post)).toEqual(['approve_why', 'deny', 'open']);
    // A plain approval, as an older message still had it, brings no reason, and none is made up.
    const value = (post.blocks.at(-1)!['elements'] as { value: string }[])[0]!.value;
    expect(await (await answerOf(post, 'UTESS', 'approve', { value })).told()).toMatch(/say why.*\/ui\/approvals\//);
    // A click opens a modal for three seconds: on a slow machine it is pressed again.
    const asked = () => until('she is asked why', async () => { await slack.click('UTESS', post, 'approve_why'); return slack.viewOf('UTESS'); });
    await asked();
    expect(await stateOf(approval)).toBe('open');
    // Somebody else's modal is not hers: the token in it names her.
    await slack.submit('UTESS', { reason: 'x' }, { privateMetadata: `${approval}.AAAA` });
    await until('she is told', () => slack.messagesOf('UTESS').find(({ text }) => text.includes('not made for you')));
    expect(await stateOf(approval)).toBe('open');
    await asked();
    await slack.submit('UTESS', { reason: 'there are two of us <@U1>' });
    await until('it counts', async () => await stateOf(approval) === 'approved');
    expect((await service.view.get('acme', approval))!.votes).toMatchObject([{ vote: { person: 'tess' }, reason: 'there are two of us <@U1>' }]);
  });

  it('take nothing after the deadline, nor from a link that its person took back', async () => {
    const approval = await ask({ lifeMs: 250_000 });
    const post = await messageFor('UTESS', approval);
    ahead = 251_000;
    expect(await (await answerOf(post, 'UTESS', 'approve', { atS: Math.floor(now() / 1_000) })).told()).toMatch(/deadline|expired/);
    ahead = 0;
    const another = await ask();
    const mine = await messageFor('UTESS', another);
    await service.channels.unlink('slack-main', 'tess');
    expect(await (await answerOf(mine, 'UTESS', 'approve')).told()).toContain('linked to nobody');
    // It stands in every piece of evidence: whoever brings it again links nobody; nor does one that a newer one has replaced.
    const old = signed.get('tess')!;
    const again = () => service.channels.link('slack-main', old);
    await expect(again()).rejects.toMatchObject({ code: 'link_invalid' });
    ahead = 2_000;
    await link('tess', 'UTESS', { minor: 50_000 });
    await expect(again()).rejects.toMatchObject({ code: 'link_invalid' });
    ahead = 4_000;
    await link('tess', 'UTESS');
    await service.channels.link('slack-main', signed.get('tess')!);
    ahead = 0;
  });

  it.each<[string, Parameters<typeof link>]>([['signed by somebody else', ['tess', 'UX', { by: 'theo' }]], ['to an account that is somebody else\'s', ['tess', 'UTHEO']], ['to an address', ['tess', 'tess@<script>']]])('refuse a link %s', async (_, args) => {
    await expect(link(...args)).rejects.toMatchObject({ code: expect.stringMatching(/unknown_key|conflict|link_invalid/) });
  });

  it('one that is down delays nothing else, and is told the latest state once it is back', async () => {
    slack.answerWith({ status: 503 });
    const approval = await ask();
    await until('the webhook has it', () => received.find(({ body }) => body.includes(approval)));
    await service.vote(approval, { jws: signPersonStatement('vote', { sub: 'theo', approval, digest: `digest-${n}`, vote: 'deny', reason: 'no', iat: Math.floor(now() / 1_000) }, keys['theo']!) });
    await until('the webhook has the end', () => received.find(({ body }) => body.includes(approval) && body.includes('approval.closed')));
    const open1 = await ask();
    slack.answerWith(undefined);
    ahead = 60_000;
    await messageFor('UTESS', open1);
    expect(slack.messagesOf('UTESS').some((post) => JSON.stringify(post.blocks).includes(approval))).toBe(false);
  });

  it('sign webhooks as the library of Standard Webhooks wants them, with the old and the new secret', async () => {
    const approval = await ask();
    const { headers, body } = await until('the webhook has it', () => received.find((one) => one.body.includes(approval)));
    for (const secret of secrets.hook) expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'approval.opened', data: { approval, arguments: [{ name: 'to', value: '"DE1"' }, { name: 'minor', value: '500' }] } });
    expect(() => new Webhook(`whsec_${Buffer.alloc(32, 3).toString('base64')}`).verify(body, headers)).toThrow();
    expect(() => new Webhook(secrets.hook[0]).verify(body.replace('500', '5'), headers)).toThrow();
  });

  it('put what cannot be delivered aside, until an operator sends it again', async () => {
    hookStatus = 400;
    const approval = await ask();
    const dead = (channel: string) => until(`${channel} is dead`, async () => (await service.channels.dead()).dead.find((one) => one.approval === approval && one.channel === channel));
    expect(await dead('hook')).toMatchObject({ attempts: 1, error: expect.stringContaining('answered 400') });
    expect(await dead('inside')).toMatchObject({ attempts: 1, error: expect.stringContaining('not on the public internet') });
    hookStatus = 200;
    const before = received.length;
    expect(await service.channels.resend('hook', approval)).toBe(1);
    expect((await until('it came', () => received[before])).body).toContain(approval);
    expect(troubles.some((one) => one.startsWith(`hook: ${approval} is dead`))).toBe(true);
  });
});
