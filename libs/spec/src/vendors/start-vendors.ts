import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startMailbox } from './mailbox.ts';
import type { Mailbox } from './mailbox.ts';
import { pagerDuty, teamsWorkflow } from './posts.ts';
import { jiraDesk, serviceNowInstance } from './tickets.ts';
import type { TicketSystem, VendorCall } from './tickets.ts';

export interface Webhook { readonly headers: Readonly<Record<string, string>>; readonly body: string }
/** A receiver of webhooks. Away: it takes a connection and never answers. Gone: it says 410, also to whoever still waits. */
export interface Receiver { readonly got: readonly Webhook[]; become(state: 'here' | 'away' | 'gone'): void }

/** The vendors of this world, on this machine: each behaves as its documentation says. */
export interface Vendors {
  readonly jira: TicketSystem;
  readonly snow: TicketSystem;
  readonly teams: ReturnType<typeof teamsWorkflow>;
  readonly pager: ReturnType<typeof pagerDuty>;
  readonly mail: Mailbox;
  readonly hook: Receiver;
  /** Another receiver of webhooks. */
  readonly archive: Receiver;
  /** For the file of channels: one channel of each, called as the names above. */
  readonly channels: readonly object[];
  readonly allow: readonly string[];
  /** Lines of the secrets' files by the name of the file. */
  readonly secrets: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const receiver = () => {
  const got: Webhook[] = [];
  const waiting: ServerResponse[] = [];
  let state: Parameters<Receiver['become']>[0] = 'here';
  return {
    got,
    become: (next: typeof state): void => { state = next; if (next === 'gone') for (const one of waiting.splice(0)) one.writeHead(410).end(); },
    take: (headers: IncomingHttpHeaders, body: string, response: ServerResponse): void => {
      if (state === 'away') { waiting.push(response); return; }
      if (state === 'here') got.push({ headers: headers as Record<string, string>, body });
      response.writeHead(state === 'here' ? 204 : 410).end();
    },
  };
};

/** Answers one call over HTTP as a vendor does. @param path as the vendor sees it */
export const answerAs = (vendor: TicketSystem['answer'], { method, headers }: IncomingMessage, path: string, body: string, response: ServerResponse): void => {
  const { status, body: said } = vendor({ method: method!, path, authorization: headers.authorization, body: body === '' ? {} : JSON.parse(body) as VendorCall['body'] });
  response.writeHead(status, { 'content-type': 'application/json' }).end(said === undefined ? '' : JSON.stringify(said));
};

/** @param mailTo whom mail goes to */
export const startVendors = async (mailTo: readonly { readonly person: string; readonly address: string }[]): Promise<Vendors> => {
  const secrets = { 'jira-token': 'a jira token', 'snow-password': 'a password', 'pager-key': 'r'.repeat(32), 'hook-old': `whsec_${Buffer.alloc(32, 1).toString('base64')}`, 'hook-new': `whsec_${Buffer.alloc(32, 2).toString('base64')}` };
  const jira = jiraDesk({ user: 'bot@example.com', secret: secrets['jira-token'] }), snow = serviceNowInstance({ user: 'countersign', secret: secrets['snow-password'] });
  const teams = teamsWorkflow(), pager = pagerDuty(secrets['pager-key']), mail = await startMailbox(), receivers = { hook: receiver(), archive: receiver() };
  const answers: Readonly<Record<string, TicketSystem['answer']>> = { jira: jira.answer, snow: snow.answer, teams: teams.answer, pager: pager.answer };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const [, vendor = '', path = ''] = /^\/(\w+)(.*)$/.exec(request.url!) ?? [];
      if (vendor === 'hook' || vendor === 'archive') return receivers[vendor].take(request.headers, body, response);
      return answerAs(answers[vendor] ?? (() => ({ status: 404 })), request, path, body, response);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    jira, snow, teams, pager, mail, ...receivers,
    allow: [url, `http://127.0.0.1:${mail.port}`], secrets: { ...secrets, 'teams-url': `${url}/teams` },
    channels: [
      { id: 'archive', kind: 'webhook', url: `${url}/archive`, secrets: ['hook-new'] },
      { id: 'jira', kind: 'jira', api: `${url}/jira`, user: 'bot@example.com', token: 'jira-token', serviceDesk: '1', requestType: '23', pollMs: 100 },
      { id: 'snow', kind: 'servicenow', api: `${url}/snow`, user: 'countersign', password: 'snow-password', pollMs: 100 },
      { id: 'teams', kind: 'teams', url: 'teams-url' },
      { id: 'pager', kind: 'pagerduty', api: `${url}/pager`, routingKey: 'pager-key' },
      { id: 'mail', kind: 'email', host: '127.0.0.1', port: mail.port, from: 'countersign@example.com', to: mailTo },
      { id: 'hook', kind: 'webhook', url: `${url}/hook`, secrets: ['hook-new', 'hook-old'] },
    ],
    close: async () => {
      await new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); });
      await mail.close();
    },
  };
};
