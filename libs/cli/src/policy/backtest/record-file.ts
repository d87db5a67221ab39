import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { validateGovernedDecided } from '@countersign/contracts';
import type { GovernedDecided } from '@countersign/contracts';
import { CannotRun } from '../../errors.ts';
import type { ReadRecords } from './source.ts';

const longestLine = 2_097_152;
const newline = 10;
const kind = Buffer.from('"action.decided"');

/**
 * Governed records as JSON Lines, gzip where the name ends in .gz: each line a record, or `{"partition", "record"}` as `npm run replay -- --keep` writes
 * them. Streams; every decision is checked against the contract, and what does not fit ends the reading with its line.
 */
export const recordsFromFile = (path: string): ReadRecords => async ({ from, to, onRecord, onProgress }) => {
  const { size } = await stat(path).catch(() => { throw new CannotRun(`There is no file ${path}.`); });
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const source = path.endsWith('.gz') ? pipeline(file, createGunzip({ chunkSize: 1 << 20 }), () => undefined) : file;
  let line = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer): void => {
    line++;
    if (bytes.length === 0 || !bytes.includes(kind)) return;
    const record = decidedIn(bytes, (why) => new CannotRun(`${path}, line ${line}: ${why}`));
    if (record !== undefined && record.now >= from && record.now < to) onRecord(record);
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(newline, start); end >= 0; end = bytes.indexOf(newline, start)) {
        take(bytes.subarray(start, end));
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > longestLine) throw new CannotRun(`${path}, line ${line + 1}: longer than ${longestLine} bytes, no governed record.`);
      onProgress(size === 0 ? 1 : file.bytesRead / size);
    }
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (rest.length > 0) take(rest);
};

const decidedIn = (bytes: Buffer, wrong: (why: string) => CannotRun): GovernedDecided | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw wrong(`no JSON: ${(error as Error).message}`);
  }
  const record = typeof value === 'object' && value !== null && 'record' in value ? value.record : value;
  if ((record as { kind?: unknown } | null)?.kind !== 'action.decided') return undefined;
  if (validateGovernedDecided(record)) return record;
  const first = (validateGovernedDecided as { errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null }).errors?.[0];
  throw wrong(`no decision by the contract: ${first?.instancePath || '/'} ${first?.message ?? ''}`);
};
