import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { KeyManagement } from '../app/keys.ts';
import { openFileKeys } from './file-keys.ts';
import { openLocalKms } from './local-kms.ts';
import { openTransitKms } from './transit-kms.ts';

/** What the transit engine of Vault answers, as far as it is asked here. */
const startTransit = async (token: string): Promise<{ readonly server: Server; readonly url: string }> => {
  const key = randomBytes(32);
  const encrypt = (plain: Buffer): string => {
    const iv = randomBytes(12), cipher = createCipheriv('aes-256-gcm', key, iv);
    return `vault:v1:${Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')}`;
  };
  const decrypt = (text: string): Buffer => {
    const bytes = Buffer.from(text.replace('vault:v1:', ''), 'base64'), decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const end = (status: number, data: object): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ data })); };
      if (request.headers['x-vault-token'] !== token) return end(403, {});
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { plaintext?: string; ciphertext?: string };
      try {
        if (request.url === '/v1/transit/encrypt/audit') end(200, { ciphertext: encrypt(Buffer.from(body.plaintext!, 'base64')) });
        else if (request.url === '/v1/transit/decrypt/audit') end(200, { plaintext: decrypt(body.ciphertext!).toString('base64') });
        else end(404, {});
      } catch {
        end(400, {});
      }
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

let folder: string, transit: Awaited<ReturnType<typeof startTransit>>, tokenFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-'));
  transit = await startTransit('s.good');
  await writeFile(tokenFile = join(folder, 'token'), 's.good\n');
});
afterAll(async () => {
  transit.server.close();
  await rm(folder, { recursive: true });
});

/** What every adapter of the port has to do. */
describe.each<readonly [string, () => Promise<KeyManagement>]>([
  ['a file on this machine', () => openLocalKms(join(folder, 'local'))],
  ['a transit engine', async () => openTransitKms({ url: transit.url, key: 'audit', tokenFile })],
])('key management by %s', (_, open) => {
  it('wraps a key so that only it unwraps it, also after a restart and never the same twice', async () => {
    const kms = await open();
    const key = randomBytes(32);
    const [one, two] = [Buffer.from(await kms.wrap(key)), Buffer.from(await kms.wrap(key))];
    expect(one.equals(two)).toBe(false);
    expect(one.includes(key)).toBe(false);
    const again = await open();
    expect(again.keyId).toBe(kms.keyId);
    for (const wrapped of [one, two]) expect(Buffer.from(await again.unwrap(wrapped))).toEqual(key);
  });

  it('refuses what was changed', async () => {
    const kms = await open();
    const wrapped = Buffer.from(await kms.wrap(randomBytes(32)));
    wrapped[wrapped.length - 5]! ^= 1;
    await expect(kms.unwrap(wrapped)).rejects.toThrow();
  });

  it('keeps data keys that are found again, and are gone once destroyed', async () => {
    const own = await mkdtemp(join(folder, 'keys-'));
    const keys = await openFileKeys(own, await open());
    const [a] = await keys.keysFor([{ tenant: 'acme', subject: 'run:a', person: null }]);
    const reopened = await openFileKeys(own, await open());
    expect(Buffer.from((await reopened.open(a!.id))!)).toEqual(Buffer.from(a!.key));
    await reopened.destroy([a!.id]);
    expect(await (await openFileKeys(own, await open())).open(a!.id)).toBeUndefined();
  });
});

describe('a transit engine that does not answer as it should', () => {
  const kms = (change: Partial<Parameters<typeof openTransitKms>[0]> = {}) => openTransitKms({ url: transit.url, key: 'audit', tokenFile, ...change });

  it('stops what needs a key, and says which service and why', async () => {
    await writeFile(join(folder, 'bad-token'), 's.bad');
    await expect(kms({ tokenFile: join(folder, 'bad-token') }).wrap(randomBytes(32))).rejects.toThrow(/127\.0\.0\.1:\d+ cannot encrypt: it answers 403/);
    await expect(kms({ key: 'other' }).wrap(randomBytes(32))).rejects.toThrow('it answers 404');
    await expect(kms({ url: 'http://127.0.0.1:9' }).unwrap(randomBytes(32))).rejects.toThrow('cannot decrypt');
  });

  it('does not take the place of another wrapping key unnoticed', async () => {
    const own = await mkdtemp(join(folder, 'moved-'));
    const [a] = await (await openFileKeys(own, await openLocalKms(own))).keysFor([{ tenant: 'acme', subject: 'run:a', person: null }]);
    await expect((await openFileKeys(own, kms())).open(a!.id)).rejects.toThrow('transit:audit is in use');
  });
});
