import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cardFaults, startMailbox } from '@countersign/spec/vendors';
import type { Mailbox } from '@countersign/spec/vendors';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Card } from '../../core/channels/card.ts';
import { plainText } from '../../core/channels/plain-text.ts';
import { teamsCard } from '../../core/channels/teams-card.ts';
import type { Showing } from '../../app/channels/ports.ts';
import { createEmail } from './email.ts';
import { createJira } from './jira.ts';
import { createAddressCheck, createOutgoing } from '@countersign/service-host';
import { createPagerDuty } from './pagerduty.ts';
import { createServiceNow } from './servicenow.ts';
import { createTeams } from './teams.ts';

const card: Card = {
  instruction: { name: 'told to by uma', value: '"pay the invoice"' },
  approval: 'apr_1', version: 1, run: 'run-1', agent: 'payer', tool: 'payments.transfer', tier: 3, state: 'open', headline: 'payer asks for payments.transfer', notice: null, facts: [{ name: 'Tier', value: '3' }],
  arguments: [{ name: 'to', value: '"NL01 **bold** [x](http://evil.example)"' }, { name: 'minor', value: '500' }], reason: '"\\u202e{code}"', rules: [{ name: 'large', value: '"large"' }], link: 'http://127.0.0.1:7100/ui/approvals/apr_1',
};
const showing = (over: Partial<Showing> = {}): Showing => ({ card, recipient: 'all', ref: null, id: 'apr_1.1', buttons: null, ...over });
const ended: Card = { ...card, version: 2, state: 'approved', headline: 'approved: payer, payments.transfer' };

interface Came { readonly method: string; readonly url: string; readonly authorization: string | undefined; readonly body: Record<string, unknown> }

describe('vendors, as they document their interfaces', () => {
  let server: Server, api: string;
  const came: Came[] = [];
  let answer: (request: Came) => { readonly status: number; readonly body?: object } = () => ({ status: 200, body: {} });
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const one: Came = { method: request.method!, url: request.url!, authorization: request.headers.authorization, body: text === '' ? {} : JSON.parse(text) as Record<string, unknown> };
        came.push(one);
        const { status, body } = answer(one);
        response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
  beforeEach(() => { came.length = 0; });
  const common = () => ({ id: 'it', tiers: [3, 4], outgoing: createOutgoing({ allow: [api] }) });

  describe('Microsoft Teams', () => {
    it('gets an Adaptive Card that Microsoft\'s own library reads without a complaint, with others\' words in runs that know no Markdown', async () => {
      const teams = createTeams({ ...common(), url: `${api}/workflow` });
      expect(await teams.show(showing())).toBe('apr_1.1');
      expect(await teams.show(showing({ ref: 'apr_1.1', card: { ...card, version: 2 } }))).toBe('apr_1.1');
      await teams.show(showing({ ref: 'apr_1.1', card: ended }));
      expect(came.length).toBe(2);
      const [{ contentType, content }] = came[0]!.body['attachments'] as [{ contentType: string; content: { body: { type: string; text?: string }[] } }];
      expect([contentType, cardFaults(content)]).toEqual(['application/vnd.microsoft.card.adaptive', []]);
      expect(content.body.filter(({ type }) => type === 'TextBlock').map(({ text }) => text)).toEqual([card.headline]);
    });

    it('the library does complain of a card that is wrong', () => expect(cardFaults({ type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlok', text: 'x' }] })).not.toEqual([]));

    it('gets no card above what it takes: what is too long is left out whole and said', () => {
      const large = teamsCard({ ...card, arguments: [...card.arguments, ...Array.from({ length: 20 }, (_, i) => ({ name: `a${i}`, value: `"${'x'.repeat(3_000)}"` }))] });
      expect(JSON.stringify(large).length).toBeLessThan(28_000);
      expect(JSON.stringify(large)).toMatch(/\d+ more are too long/);
      expect(cardFaults(large)).toEqual([]);
    });
  });

  it('PagerDuty gets one alert for a request, resolved when it has ended', async () => {
    answer = ({ body }) => ({ status: 202, body: { status: 'success', message: 'Event processed', dedup_key: body['dedup_key'] } });
    const pager = createPagerDuty({ ...common(), api, routingKey: 'R'.repeat(32) });
    expect(await pager.show(showing())).toBe('apr_1');
    await pager.show(showing({ ref: 'apr_1', card: { ...card, version: 2 } }));
    await pager.show(showing({ ref: 'apr_1', card: ended }));
    expect(came.map(({ url, body }) => [url, body['event_action'], body['dedup_key'], body['routing_key']])).toEqual([['/v2/enqueue', 'trigger', 'apr_1', 'R'.repeat(32)], ['/v2/enqueue', 'resolve', 'apr_1', 'R'.repeat(32)]]);
    // Events API v2: payload with summary, source and severity is required for a trigger.
    expect(came[0]!.body['payload']).toMatchObject({ summary: card.headline, source: 'payer', severity: 'warning' });
    answer = () => ({ status: 400, body: { status: 'invalid event', errors: ['...'] } });
    await expect(pager.show(showing())).rejects.toMatchObject({ permanent: true });
    answer = () => ({ status: 429 });
    await expect(pager.show(showing())).rejects.toMatchObject({ permanent: false });
  });

  it('Jira Service Management gets a request; what its approvers decided is read back by API', async () => {
    answer = ({ method, url }) => (method === 'POST' ? (url.endsWith('/comment') ? { status: 201, body: { id: '1' } } : { status: 201, body: { issueId: '107001', issueKey: 'HELPDESK-1' } }) : {
      status: 200, body: {
        size: 1, values: [{ id: '1', name: 'Approve', finalDecision: 'pending', canAnswerApproval: false, approvers: [
          { approver: { accountId: 'qm:1:tess', displayName: 'Tess' }, approverDecision: 'approved' }, { approver: { accountId: 'qm:1:theo' }, approverDecision: 'pending' }, { approver: { accountId: 'qm:1:sena' }, approverDecision: 'declined' }, { approver: {}, approverDecision: 'approved' },
        ] }],
      },
    });
    const jira = createJira({ ...common(), api, user: 'bot@example.com', secret: 'token', serviceDesk: '1', requestType: '23', pollMs: 1_000 });
    expect(await jira.show(showing())).toBe('HELPDESK-1');
    expect(came[0]).toMatchObject({ url: '/rest/servicedeskapi/request', authorization: `Basic ${Buffer.from('bot@example.com:token').toString('base64')}`, body: { serviceDeskId: '1', requestTypeId: '23', isAdfRequest: true, requestFieldValues: { summary: card.headline, description: { type: 'doc', content: [{ type: 'codeBlock', content: [{ type: 'text', text: expect.stringContaining('minor: 500') }] }] } } } });
    expect(await jira.reads!.read('HELPDESK-1')).toEqual([{ account: 'qm:1:tess', vote: 'approve' }, { account: 'qm:1:sena', vote: 'deny' }]);
    await jira.show(showing({ ref: 'HELPDESK-1', card: ended }));
    expect(came.at(-1)).toMatchObject({ url: '/rest/servicedeskapi/request/HELPDESK-1/comment', body: { body: ended.headline } });
    answer = () => ({ status: 201, body: { issueKey: '../../x' } });
    await expect(jira.show(showing())).rejects.toThrow('did not say which request');
  });

  it('ServiceNow gets a change; what its approvers decided is read back by API', async () => {
    const change = 'c'.repeat(32), tess = 'a'.repeat(32);
    answer = ({ method }) => (method === 'GET' ? { status: 200, body: { result: [{ state: 'approved', approver: tess }, { state: 'requested', approver: 'b'.repeat(32) }, { state: 'rejected', approver: 'no id' }] } } : { status: method === 'POST' ? 201 : 200, body: { result: { sys_id: change, number: 'CHG0030001' } } });
    const snow = createServiceNow({ ...common(), api, user: 'countersign', secret: 'p', pollMs: 1_000 });
    expect(await snow.show(showing())).toBe(change);
    expect(came[0]).toMatchObject({ url: '/api/now/table/change_request', body: { correlation_id: 'apr_1', approval: 'requested', description: expect.stringContaining('minor: 500') } });
    expect(await snow.reads!.read(change)).toEqual([{ account: tess, vote: 'approve' }]);
    expect(came[1]!.url).toContain(`sysparm_query=sysapproval%3D${change}`);
    await snow.show(showing({ ref: change, card: ended }));
    expect(came.at(-1)).toMatchObject({ method: 'PATCH', url: `/api/now/table/change_request/${change}` });
  });

  it('a ticket without room for every argument says so, and nobody approves by it', () => {
    const { text, whole } = plainText({ ...card, arguments: [...card.arguments, { name: 'file', value: `"${'x'.repeat(5_000)}"` }] }, 3_900);
    expect(whole).toBe(false);
    expect(text).toContain('can be approved on the page only');
    expect(text).not.toContain('xxx');
    expect(text.length).toBeLessThan(3_900);
    expect(plainText(card, 3_900).whole).toBe(true);
  });

  describe('mail', () => {
    let box: Mailbox;
    beforeAll(async () => { box = await startMailbox(); });
    afterAll(() => box.close());
    const mail = (allow: readonly string[] = [`http://127.0.0.1:${box.port}`]) => {
      const addressFor = createAddressCheck({ allow });
      return createEmail({
        id: 'mail', host: '127.0.0.1', port: box.port, secure: false, user: undefined, password: undefined, from: 'countersign@example.com', to: [{ person: 'tess', address: 'tess@example.com' }], tiers: [3, 4],
        addressOf: (host, at) => addressFor(new URL(`http://${host}:${at}`)).then(({ address }) => address), linkFor: (link, approval, person) => `${link}?for=signed-${approval}-${person}`,
      });
    };
    it('arrives as plain text with a link for its reader, and once more when it has ended; neither decides anything', async () => {
      const { mails } = box;
      const ref = await mail().show(showing({ recipient: 'tess@example.com' }));
      await mail().show(showing({ recipient: 'tess@example.com', ref, card: ended }));
      expect(mails).toHaveLength(2);
      expect(mails[0]).toMatch(/To: tess@example\.com[^]*Content-Type: text\/plain[^]*to: "NL01[^]*\?for=signed-apr_1-tess/);
      expect(mails[0]).not.toMatch(/text\/html|approve\?|deny\?/);
      expect(mails[1]).toContain(`In-Reply-To: ${ref!}`);
    });
    it('is tried again where the server says later, and is dead where it says never, or stands inside of the network', async () => {
      box.refuseWith(451);
      await expect(mail().show(showing({ recipient: 'tess@example.com' }))).rejects.toMatchObject({ permanent: false });
      box.refuseWith(550);
      await expect(mail().show(showing({ recipient: 'tess@example.com' }))).rejects.toMatchObject({ permanent: true });
      await expect(mail([]).show(showing({ recipient: 'tess@example.com' }))).rejects.toMatchObject({ permanent: true, message: expect.stringContaining('not on the public internet') });
    });
  });
});
