import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentKey, AgentKeyList, Revocation, RevocationList } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';

const when = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const keyLine = (key: AgentKey): string => `${id(key.kid).padEnd(24)} ${key.status.padEnd(9)} until ${when(key.notAfter)}  ${key.thumbprint}`;
const entryLine = (entry: Revocation): string => `${entry.kind.padEnd(8)} ${id(entry.subject).padEnd(44)} by ${id(entry.by)} at ${when(entry.at)}  ${inert(entry.reason, 100)}`;
const of = (agent: string): string => `/agents/${encodeURIComponent(agent)}`;

export const keys = personCommand('countersign agent keys AGENT [--as PERSON] [--json]', {}, async (session) => {
  const agent = only(session, 'agent');
  const { client } = session.as(['operator', 'supervisor']);
  const [{ keys: found }, { revocations }] = [await client.request<AgentKeyList>('registry', 'GET', `${of(agent)}/keys`), await client.request<RevocationList>('registry', 'GET', `${of(agent)}/revocations`)];
  session.show({ keys: found, revocations }, [...found.map(keyLine), ...(revocations.length > 0 ? ['revoked:', ...revocations.map(entryLine)] : [])]);
});

/** The new key is on disk before the registry hears of it, and takes the place of the old one once it has. */
export const rotateKey = personCommand('countersign agent rotate-key AGENT --reason TEXT [--overlap MINUTES] [--as PERSON] [--json]', { reason: { type: 'string' }, overlap: { type: 'string' } }, async (session) => {
  const agent = only(session, 'agent');
  const reason = session.needed('reason');
  const minutes = numberOf(session, 'overlap', 60, 7 * 24 * 60);
  const { client } = session.as(['operator']);
  const { keys: before } = await client.request<AgentKeyList>('registry', 'GET', `${of(agent)}/keys`);
  const folder = join(session.local.dir, 'agents'), file = join(folder, `${agent}.key.json`), next = `${file}.next`;
  if (existsSync(next)) throw new CannotRun(`${next} is left from a rotation that did not end. Look whether \`countersign agent keys ${agent}\` has its kid: if so put it in place of ${file}, else delete it.`);
  let n = before.length + 1;
  while (before.some(({ kid }) => kid === `${agent.slice(0, 50)}-${n}`)) n += 1;
  const key = generateKey(`${agent.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 50)}-${n}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(next, JSON.stringify(key.privateJwk), { mode: 0o600, flag: 'wx' });
  const { keys: now } = await client.request<AgentKeyList>('registry', 'POST', `${of(agent)}/keys`, { key: key.publicJwk, retireOthersAfterMs: minutes * 60_000, reason });
  renameSync(next, file);
  session.show({ agent, kid: key.kid, file, keys: now }, [`the new private key of ${id(agent)} is ${file}; the keys before may be used for ${minutes} more minutes`, ...now.map(keyLine)]);
});

const kinds = ['key', 'token', 'session', 'run'] as const;

export const revoke = personCommand('countersign agent revoke AGENT --key KID|--token JTI|--session THUMBPRINT|--run RUN|--everything [--before TIME] --reason TEXT [--as PERSON] [--json]',
  { key: { type: 'string' }, token: { type: 'string' }, session: { type: 'string' }, run: { type: 'string' }, everything: { type: 'boolean' }, before: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
    const agent = only(session, 'agent');
    const { values } = session;
    const named = kinds.filter((kind) => values[kind] !== undefined);
    if (named.length + (values['everything'] === true ? 1 : 0) !== 1) throw new CannotRun('Say one of --key, --token, --session, --run and --everything.');
    const before = values['before'] === undefined ? undefined : Date.parse(String(values['before']));
    if (before !== undefined && (named.length > 0 || Number.isNaN(before))) throw new CannotRun('--before goes with --everything and is a time such as 2026-11-21T12:00:00Z.');
    const reason = session.needed('reason');
    const { client } = session.as(['operator']);
    const { revocations } = await client.request<RevocationList>('registry', 'POST', `${of(agent)}/revocations`, named[0] === undefined ? { kind: 'agent', ...(before !== undefined && { before }), reason } : { kind: named[0], subject: session.needed(named[0]), reason });
    session.show({ revocations }, revocations.map(entryLine));
  });

const numberOf = ({ values }: Session, name: string, otherwise: number, most: number): number => {
  if (values[name] === undefined) return otherwise;
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 0 || n > most) throw new CannotRun(`--${name} is a whole number from 0 to ${most}.`);
  return n;
};
