import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodings } from '@countersign/identity';
import { hashesPerTile, parseCheckpoint, tilePath, tilesOf } from '@countersign/tamper-log';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import { createTicker, printJson, progress } from '../output.ts';
import { fromFolder, fromUrl, verifyLog } from './verify.ts';
import type { ReadLog } from './verify.ts';
import { givenKey, judged, pinnedKeys, selfSigned, trustOf } from './trust.ts';

const keyFile = 'verifier-key';

/** `countersign audit verify|export|query|story`. */
export const audit = async (args: readonly string[]): Promise<number> => {
  const [first, ...rest] = args;
  if (first === 'query') return (await import('./query-command.ts')).query(rest);
  if (first === 'story') return (await import('./story-command.ts')).story(rest);
  const { values, positionals } = parse(args);
  const [what, folder] = positionals;
  if (what === 'export' && folder) return exportLog(values.url, folder);
  if (what !== 'verify' || positionals.length > 2) throw new CannotRun('Usage: countersign audit verify [DIR] [--url URL] [--key VKEY] [--offline] [--json] | audit export DIR');
  if (values.offline && !folder) throw new CannotRun('--offline verifies an exported folder: name it. `countersign audit export DIR` writes one.');
  const read = folder ? fromFolder(folder) : fromUrl(values.url ?? readLocal().http.audit);
  const given = values.key === undefined ? undefined : givenKey(values.key);
  if (values.key !== undefined && given === undefined) throw new CannotRun('--key is neither a verifier key (name+hash+key) nor a file with one.');
  const key = given ?? await text(read, keyFile).catch(() => { throw new CannotRun(`No verifier key: give --key, or run it where ${keyFile} can be read.`); });
  const trust = given === undefined ? trustOf(key, pinnedKeys(process.env['CS_LOCAL'] ? readLocal() : undefined)) : 'given';
  const tick = createTicker(Date.now);
  const result = judged(await verifyLog(read, key, (done, of) => tick(`verified ${done} of ${of} entries`)), trust);
  progress('');
  if (values.json) printJson(result);
  else process.stdout.write(result.ok
    ? `The record holds: ${result.entries} entries, ${result.governed.records} of them decisions and events of runs, all under the signed root ${result.root}.\n`
    : `THE RECORD DOES NOT HOLD: ${result.key === 'self-signed' && !result.firstBad ? selfSigned : result.firstBad ? `entry ${result.firstBad.index}: ${result.firstBad.why}` : `missing governed records ${result.governed.missing.join(', ')}`}\n`);
  return result.ok ? 0 : 1;
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { url: { type: 'string' }, key: { type: 'string' }, offline: { type: 'boolean' }, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
};

const text = async (read: ReadLog, path: string): Promise<string> => Buffer.from(await read(path)).toString().trim();

/** Takes the published log home: plain files at the paths of tlog-tiles, which any verifier of that format can read. */
const exportLog = async (url: string | undefined, folder: string): Promise<number> => {
  const read = fromUrl(url ?? readLocal().http.audit);
  const note = await read('checkpoint');
  const size = parseCheckpoint(encodings, Buffer.from(note).toString())?.checkpoint.size;
  if (size === undefined) throw new CannotRun('the service answered with a malformed checkpoint');
  const save = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  for (const tile of tilesOf(size)) await save(tilePath(tile), await read(tilePath(tile)));
  for (let n = 0; n * hashesPerTile < size; n++) {
    const path = tilePath({ level: 'entries', n, width: Math.min(hashesPerTile, size - n * hashesPerTile) });
    await save(path, await read(path));
  }
  await save('checkpoint', note);
  await save(keyFile, await read(keyFile));
  progress(`${size} entries exported to ${folder}; verify with: countersign audit verify ${folder} --offline`);
  return 0;
};
