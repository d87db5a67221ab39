import { readFile, writeFile } from 'node:fs/promises';
import type { Receipt } from '@countersign/contracts';
import { createKeySet, loadJwks, serviceOfKey, verifyGrant, verifyReceipt } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';
import { jsonIn } from './evidence/proven.ts';
import { readers } from './query-command.ts';
import { checkReceipt } from './receipt.ts';
import { givenKey } from './trust.ts';
import { receiptUsage } from './usage.ts';
import { printJson } from '../output.ts';
import type { Command } from '../commands.ts';

const get = personCommand(receiptUsage, { out: { type: 'string' }, round: { type: 'string' } }, async (session) => {
  const [, run, action, ...more] = session.positionals;
  if (run === undefined || action === undefined || more.length > 0) throw new CannotRun(`Usage: ${receiptUsage}`);
  const { round, out } = session.values;
  const receipt = await session.as(readers).client.request<Receipt>('audit', 'GET', `/receipts/${encodeURIComponent(run)}/${encodeURIComponent(action)}${typeof round === 'string' ? `?round=${encodeURIComponent(round)}` : ''}`);
  if (typeof out === 'string') await writeFile(out, `${JSON.stringify(receipt, null, 1)}\n`, { mode: 0o600 });
  const { statement: { decision, policy, identity, outcome } } = receipt;
  session.show(receipt, [
    `${id(identity.agent)} round ${decision.round}: ${decision.decision}, tier ${decision.tier}, rules ${id(policy.version)}: ${policy.rules.map((rule) => id(rule.id)).join(', ') || 'none'}${outcome === null ? '' : `; ${id(outcome.status)}`}`,
    ...(typeof out === 'string' ? [`verify with: countersign receipt verify ${out} --offline --key KEY`] : []),
  ]);
});

const mostBytes = 16 * 1024 * 1024;

/** A receipt as it came with the reply, or the grant that is one; undefined: the file is none. */
const textOf = async (file: string): Promise<string | undefined> => {
  const text = (await readFile(file, 'utf8').catch(() => '')).trim();
  return /^cs[rg]1\./.test(text) ? text : undefined;
};

/** What policy signed with the reply: under its own key, out of the published key set. */
const verifyInReply = (text: string, jwks: string, json: boolean): number => {
  let keys: ReturnType<typeof createKeySet>;
  try { keys = createKeySet(loadJwks(jwks).filter(({ kid }) => serviceOfKey(kid) === 'policy')); } catch (error) { throw new CannotRun(`What came with a reply is signed by policy: name the file with the services' public keys (--key jwks.json; an export has it as keys/jwks.json). ${(error as Error).message}`); }
  // A grant is a receipt long after it has expired: it is looked at as of when it was given.
  const given = /^csg1\.([\w-]+)\./.exec(text)?.[1];
  const iat = given === undefined ? 0 : Number((jsonIn(Buffer.from(given, 'base64url')) as { iat?: unknown } | undefined)?.iat) * 1_000;
  const checked = given === undefined ? verifyReceipt(text, keys) : verifyGrant(text, keys, { now: iat, audience: null });
  if (json) printJson(checked);
  else process.stdout.write(checked.ok ? `The receipt holds: ${'decision' in checked.claims ? `${checked.claims.decision} (${id(checked.claims.code)})` : 'allow'}, tier ${checked.claims.tier}, ${id(checked.claims.tool)}, rules ${id(checked.claims.policy)}, signed by ${id(checked.kid)}.\n` : `THE RECEIPT DOES NOT HOLD: ${checked.detail}\n`);
  return checked.ok ? 0 : 1;
};

/** No network and no running Countersign: a file and a key. */
const verify = async (args: readonly string[]): Promise<number> => {
  const [file, ...options] = args;
  const at = options.indexOf('--key');
  const named = at < 0 ? '' : options[at + 1] ?? '';
  const inReply = file === undefined || file.startsWith('--') ? undefined : await textOf(file);
  if (inReply !== undefined) return verifyInReply(inReply, named, options.includes('--json'));
  const key = givenKey(named);
  if (file === undefined || file.startsWith('--') || key === undefined) throw new CannotRun(`Name the receipt and the log's key, as text or file. Usage: ${receiptUsage}`);
  const bytes = await readFile(file).catch((error: Error) => { throw new CannotRun(`${file} cannot be read: ${error.message}`); });
  if (bytes.length > mostBytes) throw new CannotRun(`${file} is larger than any receipt.`);
  const checked = checkReceipt(jsonIn(bytes), key);
  if (options.includes('--json')) printJson(checked);
  else process.stdout.write(checked.ok ? `The receipt holds: ${checked.decision}, by ${checked.entries} entries under a signed checkpoint of ${checked.checkpointSize}.\n` : `THE RECEIPT DOES NOT HOLD: ${inertLine(checked.why ?? '')}\n`);
  return checked.ok ? 0 : 1;
};

/** `countersign receipt get|verify`. */
export const receipt: Command = async (args) => (args[0] === 'verify' ? verify(args.slice(1)) : args[0] === 'get' ? get(args) : Promise.reject(new CannotRun(`Usage: ${receiptUsage}`)));
