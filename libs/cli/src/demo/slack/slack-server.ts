import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blocksFault, viewFault } from './blocks-fault.ts';

type Block = Readonly<Record<string, unknown>>;
export interface SlackPost { readonly channel: string; readonly user: string; readonly ts: string; readonly text: string; readonly blocks: readonly Block[]; /** How often it was changed since it was posted. */ readonly updates: number }
/** A modal as somebody has it before them. */
export interface SlackView { readonly callback_id?: string; readonly private_metadata?: string; readonly title: { readonly text: string }; readonly blocks: readonly Block[] }
export interface SlackServer {
  /** Base of the Web API, for slackApiUrl. */
  readonly api: string;
  readonly url: string;
  /** What somebody has in their direct messages, oldest first. */
  messagesOf(user: string): readonly SlackPost[];
  /** What was answered to somebody's clicks, to them alone. */
  answersTo(user: string): readonly string[];
  /** Somebody presses a button: Slack signs and posts it to the request URL; answers with what that said. */
  click(user: string, post: SlackPost, action: string, change?: { readonly value?: string; readonly atS?: number; readonly secret?: string; readonly team?: string }): Promise<{ readonly status: number; readonly raw: { readonly body: string; readonly headers: Readonly<Record<string, string>> } }>;
  /** The modal that somebody has open. */
  viewOf(user: string): SlackView | undefined;
  /** Somebody fills in the modal that they have open and sends it; `values`: texts by action_id. A required field that is empty is never sent. */
  submit(user: string, values: Readonly<Record<string, string>>, change?: { readonly privateMetadata?: string }): Promise<{ readonly status: number }>;
  /** From now on every call is answered so, until it is taken back. */
  answerWith(fault: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | undefined): void;
  close(): Promise<void>;
}
export interface SlackOptions { readonly token: string; readonly team: string; readonly signingSecret: string; /** Interactivity's request URL. */ readonly requestUrl: string; readonly port?: number; readonly page?: (posts: readonly SlackPost[], alone: { readonly answers: ReadonlyMap<string, readonly string[]>; readonly views: ReadonlyMap<string, SlackView> }) => string }
/** How long a click opens a modal. */
const triggerMs = 3_000;

/**
 * A workspace of Slack on this machine, as far as a bot sees one: chat.postMessage, chat.update, views.open, auth.test, and interactivity with its
 * signature, after Slack's documentation (limits of Block Kit included). The real @slack/web-api and Bolt work against it.
 */
export const startSlackServer = async (options: SlackOptions): Promise<SlackServer> => {
  const posts = new Map<string, SlackPost>();
  const answers = new Map<string, string[]>();
  let fault: { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | undefined;
  let clock = Math.floor(Date.now() / 1_000), serial = 0;
  const userOf = new Map<string, string>();
  /** Whose click a trigger is of, and until when it opens a modal: once, within three seconds. */
  const triggers = new Map<string, { readonly user: string; readonly until: number }>();
  const views = new Map<string, SlackView>();

  const methods: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => object>> = {
    'auth.test': () => ({ ok: true, team_id: options.team, user_id: 'UBOT', bot_id: 'BBOT', url: `${url}/` }),
    'chat.postMessage': ({ channel, text, blocks }) => {
      if (typeof channel !== 'string' || !/^[UD][A-Z0-9]+$/.test(channel)) return { ok: false, error: 'channel_not_found' };
      const wrong = blocksFault(blocks, text);
      if (wrong !== undefined) return { ok: false, ...wrong };
      // A user's id opens the direct message with them; what comes back is the conversation's own id.
      const dm = channel.startsWith('U') ? `D${channel.slice(1)}` : channel;
      userOf.set(dm, `U${dm.slice(1)}`);
      clock = Math.max(clock, Math.floor(Date.now() / 1_000));
      const ts = `${clock}.${String(++serial).padStart(6, '0')}`;
      posts.set(`${dm}:${ts}`, { channel: dm, user: userOf.get(dm)!, ts, text: String(text ?? ''), blocks: (blocks ?? []) as Block[], updates: 0 });
      return { ok: true, channel: dm, ts, message: { type: 'message', subtype: 'bot_message', text, ts } };
    },
    'views.open': ({ trigger_id: trigger, view }) => {
      const held = triggers.get(String(trigger));
      triggers.delete(String(trigger));
      if (held === undefined) return { ok: false, error: 'invalid_trigger_id' };
      if (Date.now() > held.until) return { ok: false, error: 'expired_trigger_id' };
      const wrong = viewFault(view);
      if (wrong !== undefined) return { ok: false, ...wrong };
      views.set(held.user, view as SlackView);
      return { ok: true, view: { id: `V${held.user}`, ...(view as object) } };
    },
    'chat.update': ({ channel, ts, text, blocks }) => {
      const known = posts.get(`${String(channel)}:${String(ts)}`);
      if (known === undefined) return { ok: false, error: 'message_not_found' };
      const wrong = blocksFault(blocks, text);
      if (wrong !== undefined) return { ok: false, ...wrong };
      posts.set(`${known.channel}:${known.ts}`, { ...known, text: String(text ?? ''), blocks: (blocks ?? []) as Block[], updates: known.updates + 1 });
      return { ok: true, channel, ts, text };
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.headers.host !== new URL(url).host) { response.writeHead(403).end(); return; }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const send = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): void => { response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body)); };
    const path = new URL(request.url ?? '/', 'http://slack').pathname;
    if (path.startsWith('/actions/')) {
      const user = decodeURIComponent(path.slice('/actions/'.length));
      answers.set(user, [...(answers.get(user) ?? []), String((JSON.parse(raw) as { text?: unknown }).text)]);
      return send(200, { ok: true });
    }
    if (path === '/' && options.page !== undefined) { response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'" }).end(options.page([...posts.values()], { answers, views })); return; }
    // The page's buttons are for the page: no other one in this browser presses them.
    if (path === '/click' && request.method === 'POST') return request.headers.origin === url ? pressed(raw, response) : send(403, { ok: false, error: 'forbidden_origin' });
    if (fault !== undefined) return send(fault.status, { ok: false, error: fault.status === 429 ? 'ratelimited' : 'service_unavailable' }, fault.headers);
    const method = Object.hasOwn(methods, path.replace(/^\/api\//, '')) ? methods[path.replace(/^\/api\//, '')] : undefined;
    if (method === undefined || request.method !== 'POST') return send(200, { ok: false, error: 'unknown_method' });
    if (request.headers.authorization !== `Bearer ${options.token}`) return send(200, { ok: false, error: request.headers.authorization === undefined ? 'not_authed' : 'invalid_auth' });
    const json = request.headers['content-type']?.startsWith('application/json') === true;
    const form = json ? undefined : new URLSearchParams(raw);
    const body = form === undefined ? JSON.parse(raw || '{}') as Record<string, unknown> : Object.fromEntries([...form].map(([name, value]) => [name, name === 'blocks' || name === 'view' ? JSON.parse(value) as unknown : value]));
    return send(200, method(body));
  };

  /** The page's own buttons, for people who look at it; a browser says where the form comes from. */
  const pressed = async (raw: string, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(raw);
    const post = posts.get(form.get('message') ?? '');
    if (post !== undefined) await click(post.user, post, form.get('action') ?? '');
    const user = form.get('user') ?? '';
    if (form.get('action') === 'submit' && views.has(user)) await submit(user, { reason: form.get('reason') ?? '' });
    response.writeHead(303, { location: '/' }).end();
  };

  const click: SlackServer['click'] = async (user, post, action, change = {}) => {
    const trigger = `${Date.now()}.${++serial}.${randomBytes(8).toString('hex')}`;
    triggers.set(trigger, { user, until: Date.now() + triggerMs });
    const buttons = post.blocks.flatMap((block) => (Array.isArray(block['elements']) ? block['elements'] as Block[] : []));
    const value = change.value ?? buttons.find((one) => one['action_id'] === action)?.['value'];
    const payload = {
      type: 'block_actions', team: { id: change.team ?? options.team, domain: 'local' }, user: { id: user, username: user.toLowerCase(), team_id: options.team }, api_app_id: 'A1', token: 'deprecated', trigger_id: trigger,
      container: { type: 'message', message_ts: post.ts, channel_id: post.channel, is_ephemeral: false }, channel: { id: post.channel, name: 'directmessage' }, message: { type: 'message', ts: post.ts, text: post.text, blocks: post.blocks },
      response_url: `${url}/actions/${encodeURIComponent(user)}`, actions: [{ type: 'button', block_id: randomBytes(3).toString('hex'), action_id: action, value, action_ts: String(Date.now() / 1_000) }],
    };
    return interact(payload, change);
  };

  const submit: SlackServer['submit'] = async (user, values, change = {}) => {
    const view = views.get(user);
    if (view === undefined) throw new Error(`${user} has no modal open`);
    const inputs = view.blocks.filter((block) => block['type'] === 'input') as unknown as readonly { readonly block_id: string; readonly optional?: boolean; readonly element: { readonly action_id: string; readonly min_length?: number; readonly max_length?: number } }[];
    for (const { optional, element: { action_id: id, min_length: least = 0, max_length: most = 3_000 } } of inputs) {
      const length = values[id]?.length ?? 0;
      if ((optional !== true && length === 0) || length < least || length > most) throw new Error(`Slack does not send ${id} of ${length} characters`);
    }
    const state = Object.fromEntries(inputs.map(({ block_id: block, element }) => [block, { [element.action_id]: { type: 'plain_text_input', value: values[element.action_id] ?? null } }]));
    const { status } = await interact({
      type: 'view_submission', team: { id: options.team, domain: 'local' }, user: { id: user, username: user.toLowerCase(), team_id: options.team }, api_app_id: 'A1', token: 'deprecated', trigger_id: '1.2.3', response_urls: [], is_enterprise_install: false,
      view: { id: `V${user}`, team_id: options.team, type: 'modal', ...view, private_metadata: change.privateMetadata ?? view.private_metadata ?? '', state: { values: state }, hash: '1.a', app_id: 'A1', bot_id: 'BBOT' },
    });
    if (status === 200) views.delete(user);
    return { status };
  };

  /** Signs what somebody did and brings it to the app. */
  const interact = async (payload: object, change: { readonly atS?: number; readonly secret?: string } = {}): ReturnType<SlackServer['click']> => {
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const timestamp = String(change.atS ?? Math.floor(Date.now() / 1_000));
    const headers = {
      'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${createHmac('sha256', change.secret ?? options.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`,
    };
    const { status } = await fetch(options.requestUrl, { method: 'POST', headers, body, signal: AbortSignal.timeout(3_000) });
    return { status, raw: { body, headers } };
  };

  const server = createServer((request, response) => { handle(request, response).catch(() => response.writeHead(500).end()); });
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url, api: `${url}/api`, click, submit, viewOf: (user) => views.get(user),
    messagesOf: (user) => [...posts.values()].filter((post) => post.user === user),
    answersTo: (user) => answers.get(user) ?? [],
    answerWith: (now) => { fault = now; },
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }),
  };
};
