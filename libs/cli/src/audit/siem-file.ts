import type { LogQueryResponse } from '@countersign/contracts';
import { toCef } from '@countersign/audit/core/siem/cef';
import { toApiActivity } from '@countersign/audit/core/siem/ocsf';
import { wants } from '@countersign/audit/core/siem/record';
import type { SiemFilter, SiemRecord } from '@countersign/audit/core/siem/record';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { CannotRun } from '../errors.ts';

/** One event a line: OCSF API Activity as JSON, or CEF:0. */
export const formats = ['ocsf', 'cef'] as const;
export type SiemFormat = (typeof formats)[number];

/** Answers of `/query`, the next one from `after` on (exclusive). */
export type AskAfter = (after: number) => Promise<Pick<LogQueryResponse, 'entries' | 'next'>>;

interface Line { readonly index: number; readonly origin: string }

const lineOf: Readonly<Record<SiemFormat, (record: SiemRecord, origin: string) => string>> = { ocsf: (record, origin) => JSON.stringify(toApiActivity(record, origin)), cef: toCef };

/** Which entry of which log a line of ours is; undefined where it is none. A log's name has no blank, and of ours no sign that CEF escapes. */
const readLine: Readonly<Record<SiemFormat, (line: string) => Line | undefined>> = {
  ocsf: (line) => {
    try {
      const { metadata } = JSON.parse(line) as { metadata?: { sequence?: unknown; log_name?: unknown } };
      return Number.isSafeInteger(metadata?.sequence) && typeof metadata?.log_name === 'string' ? { index: metadata.sequence as number, origin: metadata.log_name } : undefined;
    } catch {
      return undefined;
    }
  },
  cef: (line) => {
    const [, index, origin] = /^CEF:0\|.*\|rt=\d+ externalId=(\d{1,15}) dvchost=(\S+) cat=/.exec(line) ?? [];
    return index === undefined ? undefined : { index: Number(index), origin: origin! };
  },
};

/** The longest line that is looked for at the end of a file: an event is a few KB. */
const longestLine = 256 * 1024;

/** Where a file that was cut off ends whole: the last line with its break. Rejects where that is no line of this format. */
const lastLine = async (file: FileHandle, format: SiemFormat, path: string): Promise<{ readonly end: number; readonly line: Line | undefined }> => {
  const { size } = await file.stat();
  const from = Math.max(0, size - longestLine);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(0x0a) + 1;
  if (end === 0 && from === 0) return { end: 0, line: undefined };
  const line = readLine[format](tail.subarray(end < 2 ? 0 : tail.lastIndexOf(0x0a, end - 2) + 1, Math.max(0, end - 1)).toString());
  if (line === undefined) throw new CannotRun(`${path} does not end with a line of --format ${format}: name the file that an export of this format was cut off in, or another one without --resume.`);
  return { end: from + end, line };
};

/**
 * Writes events to a file, oldest first, each page on disk before the next is asked for. A file that is there is continued (`resume`) behind its last whole
 * line: what was cut off in the middle is written again, so every event is there once. @returns how many were written now, and behind which entry it ends
 */
export const writeSiemFile = async (path: string, format: SiemFormat, origin: string, resume: boolean, filter: SiemFilter, ask: AskAfter): Promise<{ readonly events: number; readonly last: number }> => {
  const file = await open(path, resume ? 'r+' : 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new CannotRun(`${path} is there already: --resume goes on where it ends.`);
    if (error.code === 'ENOENT') throw new CannotRun(`${path} cannot be opened${resume ? ': there is nothing to resume; leave --resume out' : ''}.`);
    throw error;
  });
  try {
    const { end, line } = resume ? await lastLine(file, format, path) : { end: 0, line: undefined };
    if (line !== undefined && line.origin !== origin) throw new CannotRun(`${path} has events of the log ${line.origin}, and this one is ${origin}.`);
    await file.truncate(end);
    let [at, events, last] = [end, 0, line?.index ?? -1];
    for (let after = last;;) {
      const { entries, next } = await ask(after);
      const wanted = entries.filter((record) => wants(filter, record));
      const bytes = Buffer.from(wanted.map((record) => `${lineOf[format](record, origin)}\n`).join(''));
      await file.write(bytes, 0, bytes.length, at);
      await file.datasync();
      at += bytes.length;
      events += wanted.length;
      last = wanted.at(-1)?.index ?? last;
      if (next === null) return { events, last };
      after = next;
    }
  } finally {
    await file.close();
  }
};
