import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import bolt from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { whyModal } from '../../../../../services/approvals/src/core/channels/slack-message.ts';
import { startSlackServer } from './slack-server.ts';
import type { SlackServer } from './slack-server.ts';

const { verifySlackRequest } = bolt as unknown as { verifySlackRequest: (options: { signingSecret: string; body: string; headers: { 'x-slack-signature': string; 'x-slack-request-timestamp': number } }) => void };

/** The stand-in is worth what Slack's own libraries make of it. */
describe('the workspace of Slack on this machine', () => {
  let slack: SlackServer;
  let sink: Server;
  beforeAll(async () => {
    sink = createServer((request, response) => { request.resume().on('end', () => response.end()); });
    await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve); });
    slack = await startSlackServer({ token: 'xoxb-1', team: 'T1', signingSecret: 'shh', requestUrl: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/` });
  });
  afterAll(async () => { await slack.close(); await new Promise((resolve) => { sink.closeAllConnections(); sink.close(resolve); }); });
  const client = (token = 'xoxb-1') => new WebClient(token, { slackApiUrl: `${slack.api}/`, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true });

  it('answers Slack\'s own client: a direct message is posted, then changed in place', async () => {
    const posted = await client().chat.postMessage({ channel: 'U1', text: 'hello' });
    expect(posted).toMatchObject({ ok: true, channel: 'D1' });
    expect(await client().chat.update({ channel: posted.channel!, ts: posted.ts!, text: 'hello again' })).toMatchObject({ ok: true });
    expect(slack.messagesOf('U1')).toMatchObject([{ text: 'hello again', updates: 1 }]);
  });

  it('refuses what Slack refuses, in its words', async () => {
    await expect(client('xoxb-2').auth.test()).rejects.toMatchObject({ data: { error: 'invalid_auth' } });
    await expect(client().chat.update({ channel: 'D1', ts: '1.2', text: 'x' })).rejects.toMatchObject({ data: { error: 'message_not_found' } });
    await expect(client().chat.postMessage({ channel: 'U1', text: 'x', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } }] })).rejects.toMatchObject({ data: { error: 'invalid_blocks' } });
    await expect(client().chat.postMessage({ channel: 'U1', text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' as const })) })).rejects.toMatchObject({ data: { error: 'invalid_blocks' } });
    slack.answerWith({ status: 429, headers: { 'retry-after': '7' } });
    await expect(client().auth.test()).rejects.toMatchObject({ retryAfter: 7 });
    slack.answerWith(undefined);
  });

  it('opens a modal for Slack\'s own client, once for each click, and signs what is sent', async () => {
    let trigger = '';
    const once = (request: IncomingMessage) => { const chunks: Buffer[] = []; request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => { trigger = (JSON.parse(new URLSearchParams(Buffer.concat(chunks).toString()).get('payload')!) as { trigger_id: string }).trigger_id; }); };
    sink.once('request', once);
    await slack.click('U1', slack.messagesOf('U1')[0]!, 'approve_why', { value: 'v' });
    // The very type that Slack publishes for modals.
    const view = whyModal('token', 'bank.pay by clerk');
    await expect(client().views.open({ trigger_id: '1.2.3', view })).rejects.toMatchObject({ data: { error: 'invalid_trigger_id' } });
    expect(await client().views.open({ trigger_id: trigger, view })).toMatchObject({ ok: true });
    await expect(client().views.open({ trigger_id: trigger, view })).rejects.toMatchObject({ data: { error: 'invalid_trigger_id' } });
    expect(slack.viewOf('U1')).toMatchObject({ private_metadata: 'token' });
    await expect(slack.submit('U1', {})).rejects.toThrow('does not send');
    expect((await slack.submit('U1', { reason: 'we are two' })).status).toBe(200);
    expect(slack.viewOf('U1')).toBeUndefined();
  });

  it('signs clicks as Bolt wants them signed', async () => {
    const [post] = slack.messagesOf('U1');
    const { raw } = await slack.click('U1', post!, 'approve', { value: 'v' });
    const headers = { 'x-slack-signature': raw.headers['x-slack-signature']!, 'x-slack-request-timestamp': Number(raw.headers['x-slack-request-timestamp']) };
    expect(() => verifySlackRequest({ signingSecret: 'shh', body: raw.body, headers })).not.toThrow();
    expect(() => verifySlackRequest({ signingSecret: 'shh', body: `${raw.body}&x=1`, headers })).toThrow('signature mismatch');
  });
});
