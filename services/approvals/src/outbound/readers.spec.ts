import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { argumentsDigest, createKeySet, generateKey, verifyJws } from '@countersign/identity';
import { createOutgoing } from '@countersign/service-host';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createReaders } from './readers.ts';

/** A body, a status, or nothing at all. */
type Said = string | number | null;

describe('the reader of a tool', () => {
  const key = generateKey('approvals-1');
  const seen: { readonly authorization: string; readonly body: string }[] = [];
  let server: Server;
  let origin: string;
  let answer: Said = null;
  let now = 1_800_000_000_000;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        seen.push({ authorization: String(request.headers.authorization), body: Buffer.concat(chunks).toString() });
        if (typeof answer === 'number') response.writeHead(answer).end('<b>no</b>');
        else if (answer !== null) response.end(answer);
      });
    });
    await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => { server.closeAllConnections(); server.close(); });
  beforeEach(() => { seen.length = 0; });
  const readers = (allow = [origin], timeoutMs = 30_000) => createReaders({ urlOf: (tool) => (tool === 'crm.limit' ? `${origin}/read` : undefined), outgoing: createOutgoing({ allow, timeoutMs }), key, now: () => now });

  it('says what stands there now, and is asked by approvals alone', async () => {
    answer = '{"state":{"limit":200,"name":"Ann"}}';
    expect(await readers()('crm.limit', { name: 'Ann', limit: 500 })).toEqual({ at: now, why: null, changes: [{ name: 'limit', before: 200, after: 500 }] });
    const [asked] = seen;
    const signed = verifyJws('countersign-reader+jwt', asked!.authorization.replace('Bearer ', ''), createKeySet([key.publicJwk]));
    expect(signed).toMatchObject({ ok: true, payload: { iss: 'approvals', aud: origin, body: argumentsDigest(JSON.parse(asked!.body)), exp: now / 1_000 + 30 } });
  });
  it('is not asked of a tool that has none', async () => expect([await readers()('crm.other', {}), seen.length]).toEqual([undefined, 0]));
  it.each<[string, Said, string]>([
    ['answers with an error', 500, 'answered 500'], ['answers with something else', '{"limit":200}', 'did not answer with'], ['answers with no JSON', 'hello', 'did not answer with'],
    ['answers with a list', '{"state":[1]}', 'did not answer with'], ['answers with the same name twice', '{"state":{"a":1,"a":2}}', 'did not answer with'], ['does not answer', null, 'within 200 ms'], ['answers with too much', `{"state":{"a":"${'x'.repeat(70_000)}"}}`, 'did not answer with'],
  ])('that %s is said to in the evidence, and holds up nothing', async (_, said, why) => {
    answer = said;
    expect(await readers([origin], said === null ? 200 : undefined)('crm.limit', { limit: 500 })).toEqual({ at: now, changes: [], why: expect.stringContaining(why) });
  });
  it('on a private network is not called unless an operator vouches for it', async () => {
    expect(await readers([])('crm.limit', { limit: 500 })).toMatchObject({ why: expect.stringContaining('not https') });
    expect(seen).toEqual([]);
  });
  it('that fails three times in a row is left alone for half a minute', async () => {
    answer = 503;
    const read = readers();
    for (let i = 0; i < 5; i++) await read('crm.limit', { limit: 500 });
    expect(seen).toHaveLength(3);
    expect(await read('crm.limit', { limit: 500 })).toMatchObject({ why: expect.stringContaining('not asked') });
    now += 30_001;
    answer = '{"state":{}}';
    expect(await read('crm.limit', { limit: 500 })).toMatchObject({ why: null, changes: [{ name: 'limit', after: 500 }] });
  });
});
