import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodings } from '@countersign/identity';
import { hashesPerTile, parseCheckpoint, tilePath, tilesOf } from '@countersign/tamper-log';
import { CannotRun } from '../errors.ts';
import { inertLine } from '../people/inert.ts';
import { headCaveats } from './caveats.ts';
import { cosignedBy } from './cosigned.ts';
import type { Cosigned } from './cosigned.ts';
import { checkEvidence } from './evidence/check.ts';
import { isEvidence, readFolder } from './evidence/folder.ts';
import { readLocal } from '../local.ts';
import { createTicker, printJson, progress } from '../output.ts';
import { fromFolder, fromUrl, verifyLog } from './verify.ts';
import type { ReadLog } from './verify.ts';
import { givenKey, judged, pinnedKeys, selfSigned, trustOf } from './trust.ts';
import type { KeyTrust } from './trust.ts';

const keyFile = 'verifier-key';
const witnessFile = 'witness-policy';

/** `countersign audit verify|export|query|story|completeness|erase|hold|release|holds`. */
export const audit = async (args: readonly string[]): Promise<number> => {
  const [first, ...rest] = args;
  if (first === 'query') return (await import('./query-command.ts')).query(rest);
  if (first === 'story') return (await import('./story-command.ts')).story(rest);
  if (first === 'completeness') return (await import('./completeness-command.ts')).completeness(rest);
  if (first === 'erase' || first === 'hold' || first === 'release' || first === 'holds') return (await import('./privacy-commands.ts'))[first](rest);
  if (first === 'export' && rest.some((one) => one === '--format' || one.startsWith('--format='))) return (await import('./siem-command.ts')).exportSiem(rest);
  if (first === 'export' && rest.some((one) => one === '--out' || one.startsWith('--out='))) return (await import('./export-command.ts')).exportEvidence(rest);
  const { values, positionals } = parse(args);
  const [what, folder] = positionals;
  if (what === 'export' && folder) return exportLog(values.url, folder);
  if (what !== 'verify' || positionals.length > 2) throw new CannotRun('Usage: countersign audit verify [DIR] [--url URL] [--key VKEY] [--witnesses FILE] [--offline] [--json] | audit export DIR | audit export … --out DIR');
  if (values.offline && !folder) throw new CannotRun('--offline verifies an exported folder: name it. `countersign audit export DIR` writes one.');
  if (folder && await isEvidence(folder)) return verifyEvidence(folder, values.key, values.witnesses, values.json === true);
  const read = folder ? fromFolder(folder) : fromUrl(values.url ?? readLocal().http.audit);
  const { key, trust } = await keyFor(values.key, () => text(read, keyFile));
  const tick = createTicker(Date.now);
  const result = judged(await verifyLog(read, key, (done, of) => tick(`verified ${done} of ${of} entries`)), trust);
  progress('');
  // The service's own word: it may not say it, but where it does it is so.
  const forgeable = folder ? [] : (await text(read, 'custody').catch(() => '')).split('\n').filter(Boolean).slice(0, 16).map(inertLine);
  const note = parseCheckpoint(encodings, await text(read, 'checkpoint').then((one) => `${one}\n`));
  const own = await witnessesGiven(values.witnesses);
  const cosigned = note && cosignedBy(note.body, note.signatures, note.checkpoint.origin, own === undefined ? { text: await text(read, witnessFile).catch(() => ''), from: 'enclosed' } : { text: own, from: 'given' });
  if (cosigned && 'problem' in cosigned) throw new CannotRun(`The witness policy cannot be read: ${cosigned.problem}`);
  if (cosigned?.enough === false) return notCosigned({ ...result, ok: false as const, forgeable, cosigned, caveats: [] }, values.json === true);
  const caveats = result.ok && cosigned ? headCaveats(cosigned, folder ? undefined : forgeable) : [];
  if (values.json) printJson({ ...result, forgeable, cosigned, caveats });
  else process.stdout.write(result.ok
    ? `The record holds: ${result.entries} entries, ${result.governed.records} of them decisions and events of runs, all under the signed root ${result.root}.\n`
    : `THE RECORD DOES NOT HOLD: ${result.key === 'self-signed' && !result.firstBad ? selfSigned : result.firstBad ? `entry ${result.firstBad.index}: ${result.firstBad.why}` : `missing governed records ${result.governed.missing.join(', ')}`}\n`);
  if (!values.json) process.stdout.write(`${forgeable.map((line) => `${line}\n`).join('')}${notProven(caveats)}`);
  return result.ok ? 0 : 1;
};

/** The policy of whoever verifies. */
const witnessesGiven = async (file: string | undefined): Promise<string | undefined> =>
  (file === undefined ? undefined : readFile(file, 'utf8').catch((error: Error) => { throw new CannotRun(`--witnesses ${file}: ${error.message}`); }));

const notCosigned = (result: { readonly ok: false; readonly cosigned: Cosigned } & Readonly<Record<string, unknown>>, json: boolean): number => {
  if (json) printJson(result);
  else process.stdout.write(`THE RECORD DOES NOT HOLD: its checkpoint is not cosigned by enough witnesses of the policy (${inertLine(result.cosigned.by.join(', ')) || 'by none of them'})\n`);
  return 1;
};

const notProven = (caveats: readonly string[]): string => (caveats.length === 0 ? '' : `Not proven by this:\n${caveats.map((line) => `- ${inertLine(line)}\n`).join('')}`);

/** The key to judge by, and why it is believed. */
const keyFor = async (option: string | undefined, served: () => Promise<string>): Promise<{ readonly key: string; readonly trust: KeyTrust }> => {
  const given = option === undefined ? undefined : givenKey(option);
  if (option !== undefined && given === undefined) throw new CannotRun('--key is neither a verifier key (name+hash+key) nor a file with one.');
  const key = given ?? await served().catch(() => { throw new CannotRun(`No verifier key: give --key, or run it where ${keyFile} can be read.`); });
  return { key, trust: given === undefined ? trustOf(key, pinnedKeys(process.env['CS_LOCAL'] ? readLocal() : undefined)) : 'given' };
};

/** An export of some entries: each is proved by itself, and nothing but the folder is looked at. */
const verifyEvidence = async (folder: string, option: string | undefined, witnesses: string | undefined, json: boolean): Promise<number> => {
  const files = await readFolder(folder);
  const { key, trust } = await keyFor(option, async () => Buffer.from(files.get(keyFile) ?? Buffer.alloc(0)).toString().trim());
  const checked = checkEvidence(files, key, await witnessesGiven(witnesses));
  const result = { ...checked, ok: checked.ok && trust !== 'self-signed', key: trust };
  if (json) printJson(result);
  else process.stdout.write(result.ok
    ? `The evidence holds: ${result.entries} entries (${result.opened} opened) stand in the log under the signed root ${result.root} of ${result.checkpointSize} entries.\n${notProven(result.caveats)}`
    : `THE EVIDENCE DOES NOT HOLD: ${result.firstBad ? `${inertLine(result.firstBad.file)} ${result.firstBad.why}` : selfSigned}\n`);
  return result.ok ? 0 : 1;
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { url: { type: 'string' }, key: { type: 'string' }, witnesses: { type: 'string' }, offline: { type: 'boolean' }, json: { type: 'boolean' } } });
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
  const witnesses = await read(witnessFile).catch(() => new Uint8Array());
  if (witnesses.length > 0) await save(witnessFile, witnesses);
  progress(`${size} entries exported to ${folder}; verify with: countersign audit verify ${folder} --offline`);
  return 0;
};
