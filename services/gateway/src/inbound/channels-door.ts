import { Readable } from 'node:stream';
import { CodedError } from '@countersign/service-host';
import type { HttpDoor } from '@countersign/service-host';

/** Largest callback of a vendor, bytes. */
const mostBytes = 65_536;
const kept = new WeakMap<object, Buffer>();

/** Keeps the bytes of callbacks as they came: the vendor signed those, and no JSON made of them again. */
export const channelsDoor: HttpDoor = (fastify) => {
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    if (!request.url.startsWith('/channels/')) return payload;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of payload) {
      size += (chunk as Buffer).length;
      if (size > mostBytes) throw new CodedError('too_large', `a callback has at most ${mostBytes} bytes`, { status: 413 });
      chunks.push(chunk as Buffer);
    }
    const bytes = Buffer.concat(chunks);
    kept.set(request, bytes);
    return Object.assign(Readable.from(bytes.length > 0 ? [bytes] : []), { receivedEncodedLength: bytes.length });
  });
};

/** The bytes of a callback. */
export const callbackBytes = (request: object): Buffer => kept.get(request) ?? Buffer.alloc(0);
