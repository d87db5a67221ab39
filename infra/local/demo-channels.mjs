// The demo's channel: a workspace of Slack on this machine (libs/cli/src/demo/slack), with secrets of its own. CS_CHANNELS names another file.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { urlsOf } from './services.mjs';

/** What approvals is started with: the file of channels, written anew, and its secrets, made once. */
export function demoChannels(infra) {
  if (process.env.CS_CHANNELS) return {};
  const dir = join(infra.secrets.dir, 'channels');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of ['slack-token', 'slack-signing']) {
    if (!existsSync(join(dir, name))) writeFileSync(join(dir, name), randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  const { slack, gateway } = urlsOf(infra);
  const file = join(infra.secrets.dir, 'channels.yaml');
  writeFileSync(file, JSON.stringify({ pages: gateway, allow: [slack], channels: [{ id: 'slack-demo', kind: 'slack', api: `${slack}/api`, team: 'TDEMO', token: 'slack-token', signingSecret: 'slack-signing' }] }, null, 2), { mode: 0o600 });
  return { CS_CHANNELS: file };
}
