import type { ClientBase, Connection, Submittable } from 'pg';

/** A column's value: bytea, text, or bigint. */
export type Field = Uint8Array | string | bigint | null;

const signature = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);
const chunkBytes = 256 * 1024;

const boundOf = (field: Field): number => (field === null ? 0 : typeof field === 'bigint' ? 8 : typeof field === 'string' ? field.length * 3 : field.length);

const writeField = (chunk: Buffer, field: Field, at: number): number => {
  if (field === null) return chunk.writeInt32BE(-1, at);
  const start = at + 4;
  let end = start;
  if (typeof field === 'bigint') end = chunk.writeBigInt64BE(field, start);
  else if (typeof field === 'string') end += chunk.write(field, start);
  else {
    chunk.set(field, start);
    end += field.length;
  }
  chunk.writeInt32BE(end - start, at);
  return end;
};

/** A CopyData message: `d`, its length without the `d`, then the bytes. */
const framed = (chunk: Buffer, end: number): Buffer => {
  chunk[0] = 0x64;
  chunk.writeInt32BE(end - 1, 1);
  return chunk.subarray(0, end);
};
const frame = 5;

/**
 * Rows in PostgreSQL's binary COPY format (signature, then each row as its number of fields and each field behind its length, -1 for null, then a trailer),
 * framed as messages that go to the socket as they are.
 */
export const copyFormat = (rows: Iterable<readonly Field[]>): readonly Buffer[] => {
  const chunks: Buffer[] = [];
  let chunk = Buffer.allocUnsafeSlow(chunkBytes);
  let at = frame + signature.copy(chunk, frame);
  for (const row of rows) {
    let bound = 2 + row.length * 4 + trailer.length;
    for (const field of row) bound += boundOf(field);
    if (at + bound > chunk.length) {
      chunks.push(framed(chunk, at));
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, frame + bound));
      at = frame;
    }
    at = chunk.writeInt16BE(row.length, at);
    for (const field of row) at = writeField(chunk, field, at);
  }
  at += trailer.copy(chunk, at);
  return [...chunks, framed(chunk, at)];
};

/** The part of node-postgres' connection that COPY needs; its types leave it out. */
interface CopyConnection extends Connection {
  query(text: string): void;
  endCopyFrom(): void;
}

/**
 * `COPY … FROM STDIN (FORMAT binary)` of rows that are in memory: a third of what `unnest` of the same arrays costs here, and half of what it costs PostgreSQL.
 * @param into table and columns
 */
export const copyIn = (client: ClientBase, into: string, chunks: readonly Buffer[]): Promise<void> => new Promise((resolve, reject) => {
  client.query({
    submit: (connection) => { (connection as CopyConnection).query(`copy ${into} from stdin (format binary)`); },
    handleCopyInResponse: (connection: CopyConnection) => {
      for (const chunk of chunks) connection.stream.write(chunk);
      connection.endCopyFrom();
    },
    handleCommandComplete: () => undefined,
    // After an error nobody is told of being ready again.
    handleReadyForQuery: () => resolve(),
    handleError: reject,
  } satisfies Submittable & Record<string, unknown>);
});
