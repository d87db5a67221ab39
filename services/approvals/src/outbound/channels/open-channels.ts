import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { validateChannelsConfig, validateEmailChannel, validateJiraChannel, validatePagerDutyChannel, validateServiceNowChannel, validateSlackChannel, validateTeamsChannel, validateWebhookChannel } from '@countersign/contracts';
import type { ChannelsConfig, EmailChannel, JiraChannel, PagerDutyChannel, ServiceNowChannel, SlackChannel, TeamsChannel, WebhookChannel } from '@countersign/contracts';
import { generateKey, loadKeyFile, signPageLink } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { Channel } from '../../app/channels/ports.ts';
import { assertNever } from '@countersign/kernel';
import { createEmail } from './email.ts';
import type { EmailOptions } from './email.ts';
import { createJira } from './jira.ts';
import { createAddressCheck, createOutgoing } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';
import { createPagerDuty } from './pagerduty.ts';
import { createServiceNow } from './servicenow.ts';
import { createTeams } from './teams.ts';
import { createSlack } from './slack.ts';
import { createWebhook, webhookSecret } from './webhook.ts';

/** A channel with what it needs beside showing. */
export interface OpenChannel {
  readonly channel: Channel;
  /** Signs what people decide there; null where nobody can. */
  readonly key: SigningKey | null;
  /** Of Slack: whose clicks are taken, and where they may be answered. */
  readonly clicks?: { readonly team: string; readonly signingSecret: string; readonly answers: readonly string[] };
}
export interface OpenChannels { readonly channels: readonly OpenChannel[]; readonly pages: string; readonly outgoing: Outgoing }

type Declared = SlackChannel | TeamsChannel | PagerDutyChannel | WebhookChannel | EmailChannel | JiraChannel | ServiceNowChannel;
export interface ChannelsFile { readonly pages: string; readonly allow: readonly string[]; readonly channels: readonly Declared[] }

interface Validate { (value: unknown): boolean; errors?: readonly { readonly instancePath: string; readonly message?: string | undefined }[] | null | undefined }
const kinds: Readonly<Record<Declared['kind'], Validate>> = {
  slack: validateSlackChannel, teams: validateTeamsChannel, pagerduty: validatePagerDutyChannel, webhook: validateWebhookChannel, email: validateEmailChannel, jira: validateJiraChannel, servicenow: validateServiceNowChannel,
};
const fits = (validate: Validate, value: unknown, at: string): void => {
  if (!validate(value)) throw new Error(`the file of channels is wrong at ${at}${validate.errors?.[0]?.instancePath ?? ''}: ${validate.errors?.[0]?.message ?? 'it does not fit'}`);
};

/** Reads the file of channels; throws with the place of what is wrong. */
export const readChannels = (text: string): ChannelsFile => {
  const value: unknown = parse(text, { maxAliasCount: 0 });
  fits(validateChannelsConfig, value, '/');
  const { pages, allow = [], channels } = value as ChannelsConfig;
  channels.forEach((one, i) => {
    const kind = String(one['kind']);
    if (!Object.hasOwn(kinds, kind)) throw new Error(`the file of channels is wrong at /channels/${i}/kind: it is one of ${Object.keys(kinds).join(', ')}`);
    fits(kinds[kind as Declared['kind']], one, `/channels/${i}`);
  });
  const known = channels as unknown as readonly Declared[];
  const twice = known.find(({ id }, i) => known.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) throw new Error(`the file of channels has ${twice.id} twice`);
  return { pages, allow, channels: known };
};

/** Opens every channel of the file; `key` is approvals' own and signs links in mails. Secrets lie in the folder `channels` of the secrets, one line each, 0600; a channel's own key is made there at its first start. */
export const openChannels = (config: ChannelsFile, secretsDir: string, key: SigningKey, now: () => number): OpenChannels => {
  const dir = join(secretsDir, 'channels');
  const outgoing = createOutgoing({ allow: config.allow });
  return { pages: config.pages, outgoing, channels: config.channels.map((one) => open(one, { dir, outgoing, addressOf: createAddressCheck(config), linkFor: (link, approval, person) => `${link}?for=${signPageLink(approval, person, now(), key)}`, now })) };
};

interface Around { readonly dir: string; readonly outgoing: Outgoing; readonly addressOf: ReturnType<typeof createAddressCheck>; readonly linkFor: EmailOptions['linkFor']; readonly now: () => number }

/** How often tickets are read back where the file does not say. */
const defaultPollMs = 15_000;

const secretOf = (dir: string, name: string): string => {
  const path = join(dir, name);
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`${path} can be read by others: run chmod 600 ${path}`);
  const text = readFileSync(path, 'utf8').trim();
  if (text === '' || text.length > 4_096 || text.includes('\n')) throw new Error(`${path} does not hold one line`);
  return text;
};

const keyOf = (dir: string, channel: string): SigningKey => {
  const path = join(dir, `${channel}.key.json`);
  if (!existsSync(path)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(path, JSON.stringify(generateKey(channel).privateJwk), { mode: 0o600, flag: 'wx' });
  }
  return loadKeyFile(path);
};

const open = (one: Declared, { dir, outgoing, addressOf, linkFor, now }: Around): OpenChannel => {
  const { id, tiers = [3, 4] } = one;
  const secret = (name: string): string => secretOf(dir, name);
  switch (one.kind) {
    case 'slack': {
      const api = one.api ?? 'https://slack.com/api';
      return {
        channel: createSlack({ id, api, token: secret(one.token), tiers, outgoing }), key: keyOf(dir, id),
        clicks: { team: one.team, signingSecret: secret(one.signingSecret), answers: ['https://hooks.slack.com', new URL(api).origin] },
      };
    }
    case 'webhook': return { channel: createWebhook({ id, url: one.url, secrets: one.secrets.map((name) => webhookSecret(secret(name))), tiers, outgoing, now }), key: null };
    case 'teams': return { channel: createTeams({ id, url: secret(one.url), tiers, outgoing }), key: null };
    case 'pagerduty': return { channel: createPagerDuty({ id, api: one.api ?? 'https://events.pagerduty.com', routingKey: secret(one.routingKey), tiers, outgoing }), key: null };
    case 'jira': return { channel: createJira({ id, api: one.api, user: one.user, secret: secret(one.token), serviceDesk: one.serviceDesk, requestType: one.requestType, pollMs: one.pollMs ?? defaultPollMs, tiers, outgoing }), key: keyOf(dir, id) };
    case 'servicenow': return { channel: createServiceNow({ id, api: one.api, user: one.user, secret: secret(one.password), pollMs: one.pollMs ?? defaultPollMs, tiers, outgoing }), key: keyOf(dir, id) };
    case 'email': return {
      channel: createEmail({
        id, host: one.host, port: one.port, secure: one.secure ?? false, user: one.user, password: one.password === undefined ? undefined : secret(one.password), from: one.from, to: one.to, tiers,
        addressOf: (host, port) => addressOf(new URL(`http://${host}:${port}`)).then(({ address }) => address), linkFor,
      }), key: null,
    };
    default: return assertNever(one, 'channel');
  }
};
