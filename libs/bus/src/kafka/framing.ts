import { createRequire } from 'node:module';

/** A request's body with room before it: kafkajs' frame (sizes, ids, our name) is put there. What is in it must stay until the request was answered. */
export interface Framed { readonly room: Buffer; readonly from: number; readonly to: number }

/** More than any frame takes: 14 bytes and the client's id. */
export const frameRoom = 512;

interface Encoder { buf: Buffer; offset: number; room?: Buffer; from?: number; readonly buffer: Buffer; writeEncoder(value: Encoder): Encoder }

let patched = false;

/**
 * kafkajs 2.2.4 copies a request twice on its way, each time into memory made anew and zeroed: of a megabyte that policy writes, that was a twelfth of
 * all its work (`npm run bench -- decide --profile DIR`). A body that comes with room before it is sent from where it lies.
 */
export const sendWithoutCopies = (): void => {
  if (patched) return;
  patched = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as { readonly prototype: Encoder };
  const copy = prototype.writeEncoder;
  if (typeof copy !== 'function') throw new Error('this kafkajs is not the version the bus was made for (2.2.4)');
  prototype.writeEncoder = function writeEncoder(this: Encoder, value: Encoder): Encoder {
    const { room, from } = value;
    if (room === undefined || from === undefined || from < this.offset) return copy.call(this, value);
    const begin = from - this.offset;
    const { length } = value.buffer;
    this.buf.copy(room, begin, 0, this.offset);
    this.buf = room.subarray(begin);
    this.offset += length;
    this.room = room;
    this.from = begin;
    return this;
  };
};

/** As kafkajs takes it: one of its encoders, with where its bytes lie. */
export const asEncoder = ({ room, from, to }: Framed): { readonly buf: Buffer; readonly buffer: Buffer; readonly room: Buffer; readonly from: number } => {
  const body = room.subarray(from, to);
  return { buf: body, buffer: body, room, from };
};
