import { parse as parseForm } from 'node:querystring';
import type { FastifyInstance } from 'fastify';
import { parseStrictJson } from '@countersign/identity';
import { CodedError } from './errors.ts';

/** Adds hooks before anything else looks at a request. */
export type HttpDoor = (fastify: FastifyInstance) => void;

/** Largest request body, bytes. */
export const maxBodyBytes = 262_144;

/** Routes (as they are declared) that take more than that, bytes. */
export type LargeBodies = Readonly<Record<string, number>>;

export const largeBodies = (fastify: FastifyInstance, limits: LargeBodies): void => {
  fastify.addHook('onRoute', (route) => {
    const limit = limits[route.url];
    if (limit !== undefined && route.method === 'POST') route.bodyLimit = limit;
  });
};

/** Text is UTF-8 here: who says that it is anything else is not guessed at. */
const utf8Only = (fastify: FastifyInstance): void => {
  fastify.addHook('onRequest', async (request) => {
    const named = (request.headers['content-type'] ?? '').matchAll(/;\s*charset\s*=\s*("[^"]*"|[^;]*)/gi);
    for (const [, charset = ''] of named) if (!/^"?utf-?8"?$/i.test(charset.trim())) throw new CodedError('unsupported_media_type', 'send UTF-8: no other charset is read', { status: 415 });
  });
};

/** Ids are text of one line, and PostgreSQL stores no NUL: neither gets as far as a handler. */
export const pathCheck = (fastify: FastifyInstance): void => {
  const holds = (values: unknown, what: RegExp): boolean => Object.values(values ?? {}).flat().some((value) => typeof value === 'string' && what.test(value));
  fastify.addHook('onRequest', async (request) => {
    if (holds(request.params, /\p{Cc}/u)) throw new CodedError('invalid_request', 'the path holds a control character', { status: 400 });
    if (holds(request.query, /\0/)) throw new CodedError('invalid_request', 'the query holds a NUL character', { status: 400 });
  });
};

/** Strict bodies: I-JSON as application/json (SCIM has a name of its own for it), or a form (OAuth); anything else is 415. A form field given twice is refused. */
export const strictBodies = (fastify: FastifyInstance): void => {
  utf8Only(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(['application/json', 'application/scim+json'], { parseAs: 'buffer' }, (request, body, done) => {
    const parsed = parseStrictJson(body as Buffer, { maxBytes: request.routeOptions.bodyLimit ?? maxBodyBytes });
    if (parsed.ok) done(null, parsed.value);
    else done(new CodedError(parsed.code, parsed.detail, { status: parsed.code === 'too_large' ? 413 : 400 }));
  });
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    const form = parseForm(body as string, '&', '=', { maxKeys: 50 });
    const twice = Object.keys(form).find((name) => Array.isArray(form[name]));
    if (twice === undefined) done(null, { ...form });
    else done(new CodedError('invalid_request', `the field ${twice} is given twice`));
  });
};

/**
 * A page in somebody's browser must not reach a service on loopback: the Host header has to be one of ours (DNS rebinding), and so
 * has the Origin, where there is one.
 */
export const hostCheck = (fastify: FastifyInstance, names: readonly string[]): void => {
  const allowed = new Set(names);
  fastify.addHook('onRequest', async (request) => {
    if (!allowed.has(nameOf(request.headers.host ?? ''))) throw new CodedError('forbidden_host', 'the Host header names another machine than this service listens as', { status: 403 });
    const { origin } = request.headers;
    if (origin !== undefined && !(URL.canParse(origin) && allowed.has(new URL(origin).hostname))) throw new CodedError('forbidden_origin', 'requests from other web pages are refused', { status: 403 });
  });
};

export const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'] as const;

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();
