import { readFile } from 'node:fs/promises';
import type { KeyManagement } from '../app/keys.ts';

/** A key of a transit engine. The token is read at each call, so that it can be renewed. */
export interface TransitKey { readonly url: string; readonly key: string; readonly tokenFile: string }

const withinMs = 5_000;
const mostBytes = 64 * 1024;

/**
 * The wrapping key in a service that speaks the transit API of HashiCorp Vault and OpenBao (`/v1/transit/encrypt|decrypt/KEY`): it never leaves it, other people
 * can hold it, and every use of it is on a record that is not ours.
 */
export const openTransitKms = ({ url, key, tokenFile }: TransitKey): KeyManagement => {
  const ask = async (what: 'encrypt' | 'decrypt', body: object, wanted: 'ciphertext' | 'plaintext'): Promise<string> => {
    const fault = (why: string, cause?: unknown): Error => new Error(`the key management service at ${new URL(url).host} cannot ${what}: ${why}`, { cause });
    const answer = await fetch(new URL(`/v1/transit/${what}/${key}`, url), {
      method: 'POST', redirect: 'error', signal: AbortSignal.timeout(withinMs), body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'x-vault-token': (await readFile(tokenFile, 'utf8')).trim() },
    }).catch((error: unknown) => { throw fault(String(error), error); });
    if (!answer.ok) throw fault(`it answers ${answer.status}`);
    const text = await answer.text();
    let value: unknown;
    try { value = text.length > mostBytes ? undefined : (JSON.parse(text) as { data?: Record<string, unknown> }).data?.[wanted]; } catch { value = undefined; }
    if (typeof value !== 'string') throw fault('its answer is none');
    return value;
  };
  return {
    keyId: `transit:${key}`,
    wrap: async (plain) => Buffer.from(await ask('encrypt', { plaintext: Buffer.from(plain).toString('base64') }, 'ciphertext')),
    unwrap: async (wrapped) => Buffer.from(await ask('decrypt', { ciphertext: Buffer.from(wrapped).toString() }, 'plaintext'), 'base64'),
  };
};
