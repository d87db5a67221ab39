import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse as parseForm } from 'node:querystring';
import { parseStrictJson } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';

export interface SlackCallback { readonly body: Buffer; readonly timestamp: string | undefined; readonly signature: string | undefined }

/** A click on one of our buttons. */
export interface SlackClick { readonly team: string; readonly user: string; readonly action: string; readonly value: string; readonly responseUrl: string | undefined; /** Opens a modal within three seconds. */ readonly trigger: string | undefined; /** What they typed into the modal that asks why. */ readonly reason?: string }

/** How far Slack's clock and ours may differ, either way, seconds. Bolt takes requests dated in the future without end (FACTS 9). */
export const windowS = 300;

const forged = (detail: string): CodedError => new CodedError('signature_invalid', detail);

/** Checks signature and time of a callback; answers what to remember it by, so that it counts once. Throws CodedError. */
export const verifySlackCallback = ({ body, timestamp, signature }: SlackCallback, secret: string, now: number): { readonly mark: string; readonly until: number } => {
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp) || signature === undefined || !/^v0=[0-9a-f]{64}$/.test(signature)) throw forged('X-Slack-Request-Timestamp or X-Slack-Signature is missing or malformed');
  const expected = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature.slice(3), 'hex'))) throw forged('the signature is not by this channel\'s signing secret');
  const at = Number(timestamp);
  if (Math.abs(now / 1_000 - at) > windowS) throw new CodedError('callback_stale', `the callback is dated ${Math.round(Math.abs(now / 1_000 - at))} s away from now`);
  return { mark: signature, until: (at + windowS + 1) * 1_000 };
};

const text = (value: unknown, most: number): string | undefined => (typeof value === 'string' && value.length > 0 && value.length <= most ? value : undefined);
const inside = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined);

/** The click in a verified callback, or the modal that was sent; undefined where it is none of ours (a link that was followed, another kind of interaction). */
export const readSlackClick = (body: Buffer): SlackClick | undefined => {
  const { payload } = parseForm(body.toString('utf8'), '&', '=', { maxKeys: 8 });
  const parsed = typeof payload === 'string' ? parseStrictJson(Buffer.from(payload), { maxBytes: 131_072 }) : undefined;
  if (parsed?.ok !== true) throw new CodedError('invalid_request', 'a callback of Slack is a form with one payload of JSON');
  const { value } = parsed;
  if (inside(value, 'type') === 'view_submission') return submission(value);
  const actions = inside(value, 'actions');
  const first: unknown = Array.isArray(actions) && actions.length === 1 ? actions[0] : undefined;
  const [team, user, action, token] = [text(inside(inside(value, 'team'), 'id'), 64), text(inside(inside(value, 'user'), 'id'), 64), text(inside(first, 'action_id'), 255), text(inside(first, 'value'), 2_000)];
  if (inside(value, 'type') !== 'block_actions' || team === undefined || user === undefined || action === undefined || token === undefined) return undefined;
  return { team, user, action, value: token, responseUrl: text(inside(value, 'response_url'), 500), trigger: text(inside(value, 'trigger_id'), 255) };
};

/** A modal that asks why; its private_metadata has the token of the button by which it was opened. */
const submission = (value: unknown): SlackClick | undefined => {
  const view = inside(value, 'view');
  const [team, user, action, token] = [text(inside(inside(value, 'team'), 'id'), 64), text(inside(inside(value, 'user'), 'id'), 64), text(inside(view, 'callback_id'), 255), text(inside(view, 'private_metadata'), 2_000)];
  const reason = text(inside(inside(inside(inside(inside(view, 'state'), 'values'), 'why'), 'reason'), 'value'), 2_000);
  return team === undefined || user === undefined || action === undefined || token === undefined || reason === undefined ? undefined : { team, user, action, value: token, responseUrl: undefined, trigger: undefined, reason };
};
