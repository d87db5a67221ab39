import { readFile, writeFile } from 'node:fs/promises';
import type { Receipt } from '@countersign/contracts';
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

/** No network and no running Countersign: a file and a key. */
const verify = async (args: readonly string[]): Promise<number> => {
  const [file, ...options] = args;
  const at = options.indexOf('--key');
  const key = at < 0 ? undefined : givenKey(options[at + 1] ?? '');
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
