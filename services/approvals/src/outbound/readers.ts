import type { Json, JsonObject } from '@countersign/contracts';
import { argumentsDigest, parseStrictJson, signJws } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { expectOk } from '@countersign/service-host';
import type { Outgoing } from '@countersign/service-host';
import { afterFailure, differing, unread } from '../core/current.ts';
import type { Current, Trouble } from '../core/current.ts';

export interface ReaderPorts {
  /** Where a tool's reader is; undefined where the catalogue names none. */
  urlOf(tool: string): string | undefined;
  readonly outgoing: Outgoing;
  readonly key: SigningKey;
  readonly now: () => number;
}

const mostBytes = 64 * 1024;
const lifeS = 30;

/**
 * Asks a tool's reader what stands there now. It never throws and waits for nobody: what could not be read is said in the evidence. The request is
 * signed by approvals (typ countersign-reader+jwt: aud is the reader's origin, `body` the digest of what is asked), so that a reader answers nobody else.
 */
export const createReaders = ({ urlOf, outgoing, key, now }: ReaderPorts) => {
  const troubles = new Map<string, Trouble>();

  const ask = async (url: string, asked: JsonObject): Promise<JsonObject> => {
    const iat = Math.floor(now() / 1_000), body = JSON.stringify(asked);
    const jws = signJws('countersign-reader+jwt', { iss: 'approvals', aud: new URL(url).origin, iat, exp: iat + lifeS, body: argumentsDigest(asked) }, key);
    const answer = await outgoing({ method: 'POST', url, headers: { 'content-type': 'application/json', authorization: `Bearer ${jws}` }, body });
    expectOk(answer, 'the reader');
    const read = parseStrictJson(Buffer.from(answer.text), { maxBytes: mostBytes });
    const state = read.ok ? (read.value as { readonly state?: Json } | null)?.state : undefined;
    if (typeof state !== 'object' || state === null || Array.isArray(state)) throw new Error('the reader did not answer with {"state": {…}}');
    return state as JsonObject;
  };

  return async (tool: string, args: JsonObject): Promise<Current | undefined> => {
    const url = urlOf(tool);
    if (url === undefined) return undefined;
    const trouble = troubles.get(url);
    if (trouble !== undefined && now() < trouble.until) return unread('the reader was not asked: it failed several times in a row', now());
    try {
      const state = await ask(url, { tool, arguments: args });
      troubles.delete(url);
      return differing(args, state, now(), argumentsDigest);
    } catch (error) {
      troubles.set(url, afterFailure(trouble, now()));
      return unread(`the reader cannot say: ${(error as Error).message}`, now());
    }
  };
};
export type Readers = ReturnType<typeof createReaders>;
