import { CannotRun } from '../errors.ts';
import type { Command } from '../commands.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { scimUsage } from './usage.ts';

interface Connection { readonly connection: string; readonly people: number; readonly roles: Readonly<Record<string, readonly string[]>>; readonly tokenBeforeUntil?: number }
interface Given { readonly connection: string; readonly token: string; readonly url: string }

/** `Finance=treasurer,approver` as an entry of the map of roles. */
const entryOf = (text: string): readonly [string, readonly string[]] => {
  const at = text.lastIndexOf('='), name = text.slice(0, Math.max(0, at)).trim(), roles = text.slice(at + 1).split(',').map((role) => role.trim()).filter((role) => role !== '');
  if (name === '' || roles.length === 0) throw new CannotRun(`--map is NAME=ROLE,ROLE, not "${text.slice(0, 100)}".`);
  return [name, roles];
};

/** Takes --map out, which may be given more than once. */
const mapOf = (args: readonly string[]): { readonly rest: readonly string[]; readonly roles: Readonly<Record<string, readonly string[]>> } => {
  const rest: string[] = [], entries: (readonly [string, readonly string[]])[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--map') entries.push(entryOf(args[++i] ?? ''));
    else if (args[i]!.startsWith('--map=')) entries.push(entryOf(args[i]!.slice('--map='.length)));
    else rest.push(args[i]!);
  }
  const twice = entries.find(([name], i) => entries.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined) throw new CannotRun(`--map says twice what ${twice[0]} stands for.`);
  return { rest, roles: Object.fromEntries(entries) };
};

/** Connections of identity providers: made, given another token, ended. */
export const scim: Command = (args) => {
  const { rest, roles } = mapOf(args);
  return personCommand(scimUsage, { reason: { type: 'string' } }, async (session) => {
    const [what = 'list', connection, ...more] = session.positionals;
    if (what === 'list' && connection === undefined && Object.keys(roles).length === 0) {
      const found = await session.as(['operator']).client.request<{ readonly connections: readonly Connection[] }>('registry', 'GET', '/scim/connections');
      return session.show(found, found.connections.length === 0 ? ['No identity provider is connected.'] : found.connections.map((one) => `${id(one.connection).padEnd(20)} ${String(one.people)} people  ${Object.entries(one.roles).map(([name, given]) => `${inert(name, 100)} = ${given.map(id).join(', ')}`).join('; ') || 'gives no role'}${one.tokenBeforeUntil === undefined ? '' : `  the token before is taken until ${new Date(one.tokenBeforeUntil).toISOString()}`}`));
    }
    if (connection === undefined || more.length > 0 || (what !== 'connect' && what !== 'rotate' && what !== 'remove')) throw new CannotRun(`Usage: ${scimUsage}`);
    if (what !== 'connect' && Object.keys(roles).length > 0) throw new CannotRun('--map goes with connect: remove the connection and connect it again.');
    const reason = session.needed('reason'), { client } = session.as(['operator']);
    const at = `/scim/connections/${encodeURIComponent(connection)}`;
    if (what === 'remove') return session.show(await client.request('registry', 'POST', `${at}/disconnect`, { reason }), [`${id(connection)} is removed: its token opens nothing any more. Who came by it stays.`]);
    const given = await (what === 'connect' ? client.request<Given>('registry', 'POST', '/scim/connections', { connection, roles, reason }) : client.request<Given>('registry', 'POST', `${at}/rotate`, { reason }));
    session.show(given, [`Tenant URL    ${given.url}`, `Secret token  ${given.token}`, 'The token is shown this once; give it to the identity provider and keep it nowhere else.']);
  })(rest);
};
