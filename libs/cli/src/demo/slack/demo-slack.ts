import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChannelLinkView, ChannelList } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import type { Local } from '../../local.ts';
import { createClient } from '../../people/client.ts';
import { keyOf } from '../../people/local-people.ts';
import { startSlackServer } from './slack-server.ts';
import type { SlackServer } from './slack-server.ts';
import { workspacePage } from './workspace-page.ts';

const channel = 'slack-demo';
/** Who has an account in the demo's workspace; the account is an id of Slack, and stands for the person by their own signature. */
export const accounts = { tara: 'UTARA', sam: 'USAM' } as const;
/** What they let Slack approve: EUR 5,000.00. Above it the message leads to the page. */
const cap = { minor: 500_000, currency: 'EUR' };

/** The demo's Slack, where infra/local configured it; undefined where another file of channels is used. */
export const startDemoSlack = async (local: Local, tenant: string): Promise<SlackServer | undefined> => {
  const dir = join(local.secrets, 'channels'), http = local.http as Readonly<Record<string, string | undefined>>;
  if (http['slack'] === undefined || !existsSync(join(dir, 'slack-signing')) || process.env['CS_CHANNELS'] !== undefined) return undefined;
  const secret = (name: string): string => readFileSync(join(dir, name), 'utf8').trim();
  const slack = await startSlackServer({ token: secret('slack-token'), team: 'TDEMO', signingSecret: secret('slack-signing'), requestUrl: `${local.http.gateway}/channels/${channel}/callback`, port: Number(new URL(http['slack']).port), page: workspacePage });
  try {
    await Promise.all(Object.entries(accounts).map(([person, account]) => link(local, tenant, person, account)));
  } catch (error) {
    await slack.close();
    throw error;
  }
  return slack;
};

const link = async (local: Local, tenant: string, person: string, account: string): Promise<void> => {
  const key = keyOf(local.dir, person);
  const client = createClient({ http: local.http, as: { person, key } });
  const { channels } = await client.request<ChannelList>('approvals', 'GET', '/channels');
  const found = channels.find((one) => one.channel === channel);
  if (found?.key == null) return;
  const iat = Math.floor(Date.now() / 1_000);
  const jws = signPersonStatement('channel-link', { sub: person, tenant, channel, account, key: found.key, ...cap, iat, exp: iat + 30 * 86_400 }, key);
  await client.request<ChannelLinkView>('approvals', 'POST', `/channels/${channel}/links`, { jws });
};
