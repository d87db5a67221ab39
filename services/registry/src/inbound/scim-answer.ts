import type { Connected, ScimRefusal } from '../app/scim.ts';
import type { RegistryService } from '../compose.ts';
import { ScimError } from './scim-resource.ts';

export interface Reply { code(status: number): Reply; header(name: string, value: string): Reply; send(body?: unknown): unknown }
export interface Heads { readonly authorization?: string; readonly 'if-match'?: string }
export type Query = Readonly<Record<string, string | undefined>>;

const statuses: Readonly<Record<string, { readonly status: number; readonly scimType?: string }>> = {
  already_exists: { status: 409, scimType: 'uniqueness' }, not_found: { status: 404 }, conflict: { status: 409 }, forbidden: { status: 403 }, invalid_request: { status: 400, scimType: 'invalidValue' }, last_operator: { status: 409, scimType: 'mutability' },
};
/** A refusal as SCIM says it. */
export const taken = <T extends object>(answer: T | ScimRefusal): T => {
  if (!('code' in answer)) return answer;
  const { status, scimType } = statuses[answer.code] ?? { status: 400 };
  throw new ScimError(status, answer.detail ?? answer.code, scimType);
};

const mostAtOnce = 200;
const whole = (text: string | undefined, otherwise: number): number => (text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : otherwise);
export const listOf = (found: readonly object[], total: number, startIndex: number) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: total, startIndex, itemsPerPage: found.length, Resources: found });
/** One page (RFC 7644 section 3.4.2.4). */
export const pageOf = (found: readonly object[], query: Query) => {
  const start = Math.max(1, whole(query['startIndex'], 1)), count = Math.max(0, Math.min(mostAtOnce, whole(query['count'], 100)));
  return listOf(found.slice(start - 1, start - 1 + count), found.length, start);
};

export interface Resource { readonly meta: { readonly version: string; readonly location: string } }
export const show = (reply: Reply, status: number, resource: Resource): unknown =>
  reply.code(status).header('etag', resource.meta.version).header('location', resource.meta.location).send(resource);
export const sameVersion = (heads: Heads, version: string): void => {
  if (heads['if-match'] !== undefined && heads['if-match'] !== '*' && heads['if-match'] !== version) throw new ScimError(412, 'it was changed since: read it again');
};

/** Whoever holds the token of a connection is answered as RFC 7644 says, errors too. */
export const answer = async (registry: RegistryService, heads: Heads, reply: Reply, work: (by: Connected) => Promise<unknown>): Promise<unknown> => {
  reply.header('content-type', 'application/scim+json').header('cache-control', 'no-store');
  try {
    const by = await registry.scimConnection(/^Bearer (\S{1,200})$/i.exec(heads.authorization ?? '')?.[1] ?? '');
    if (by === undefined) throw new ScimError(401, 'send Authorization: Bearer with the token of a connection (countersign scim connect)');
    if (by === 'too_many') throw new ScimError(429, 'too many requests: try again in a minute');
    return await work(by);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    return reply.code(error.status).send({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(error.status), ...(error.scimType !== undefined && { scimType: error.scimType }), detail: error.message });
  }
};
