import type { PeopleList, PersonSnapshot } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { usageAbout } from '../usage-about.ts';
import { createClient } from './client.ts';
import { personCommand } from './command.ts';
import { codeOf, enrol, invite } from './enrol.ts';
import { id, inert } from './inert.ts';
import { localPeople, personShape } from './local-people.ts';
import { knownRoles } from './known-roles.ts';
import { orAsk } from './or-ask.ts';
import { peopleUsage as usage } from './people-usage.ts';
import { importStaff } from './staff-command.ts';


export const people = personCommand(usage, { 'new-role': { type: 'boolean' }, reason: { type: 'string' }, name: { type: 'string' }, roles: { type: 'string' }, person: { type: 'string' }, 'dry-run': { type: 'boolean' }, force: { type: 'boolean' } }, async (session) => {
  const [what = 'list', argument] = session.positionals;
  if (what === 'invite' && argument !== undefined) {
    if (!personShape.test(argument)) throw new CannotRun(`"${argument}" is no id of a person: lower-case letters, digits, . _ and -, as in bob or ann.smith.`);
    const roles = session.needed('roles').split(',').map((role) => role.trim());
    const { client } = session.as(['operator']);
    if (session.values['new-role'] !== true) {
      const { roles: known, whole } = await knownRoles(client);
      const strange = roles.filter((role) => !known.has(role));
      if (strange.length > 0) throw new CannotRun(`Nobody has the role ${strange.map(id).join(', ')}, ${whole ? 'and no rule asks for it' : 'and the rules in force could not be read'}. Roles known here: ${[...known].sort().map(id).join(', ')}. If it is meant: --new-role.`);
    }
    const invitation = await invite(client, { person: argument, name: session.needed('name'), roles });
    return session.show(invitation, [`Give ${id(argument)} this link; it works once, until ${new Date(invitation.expiresAt).toISOString()}:`, invitation.link, `On their machine: countersign people enrol LINK --person ${id(argument)}`]);
  }
  if (what === 'enrol' && argument !== undefined) {
    const person = session.needed('person');
    if (!personShape.test(person)) throw new CannotRun('--person is an id of lower-case letters, digits, . _ and -');
    if (!/^[a-z0-9][a-z0-9._-]{0,127}[.][A-Za-z0-9_-]{43}$/.test(codeOf(argument))) throw new CannotRun('This is no link of an invitation, and no code out of one. An operator makes one: countersign people invite PERSON --name NAME --roles A,B.');
    const enrolled = await enrol(createClient({ http: session.local.http }), session.local.dir, codeOf(argument), { person, name: person, roles: [] });
    const waits = enrolled.status === 'waiting' ? [`A second person lets ${id(enrolled.person)} in, once they have compared the key with them: countersign change approve ${enrolled.change ?? 'CHANGE'} --reason TEXT`] : [];
    return session.show(enrolled, [...waits, `${id(enrolled.person)} is enrolled. The key lies in ${session.local.dir}/people, readable by you alone; whoever has it is you.`]);
  }
  if (what === 'leave' && argument !== undefined) {
    const changed = await session.as(['operator'], [argument]).client.request<PersonSnapshot>('registry', 'POST', `/people/${encodeURIComponent(argument)}/leave`, { reason: session.needed('reason') });
    return session.show(changed, [`${id(argument)} is ${changed?.status ?? 'gone'}. Nothing they sign counts any more, and their agents do nothing without a person.`]);
  }
  if (what === 'return' && argument !== undefined) {
    const { client } = session.as(['operator'], [argument]), reason = session.needed('reason');
    const answer = await orAsk(client, argument, { status: 'active' }, reason, () => client.request<PersonSnapshot>('registry', 'POST', `/people/${encodeURIComponent(argument)}/return`, { reason }));
    return session.show(answer, 'change' in answer ? [`A second person says so too: countersign change approve ${answer.change} --reason TEXT`] : [`${id(argument)} is ${answer.status}.`]);
  }
  if (what === 'key' && (argument === 'add' || argument === 'remove')) {
    const [, , given, ...more] = session.positionals;
    const [kid, x = ''] = (given ?? '').split(':');
    if (kid === undefined || more.length > 0 || (argument === 'add' && !/^[A-Za-z0-9_-]{43}$/.test(x))) throw new CannotRun(`Usage: ${usageAbout(usage, what)}`);
    const { person, key, client } = session.as([]);
    const jws = signPersonStatement('person-key', { sub: person, tenant: process.env['CS_TENANT'] ?? 'acme', purpose: argument, kid, x: argument === 'add' ? x : 'none', iat: Math.floor(Date.now() / 1_000) }, key);
    const changed = await client.request<PersonSnapshot>('registry', 'POST', '/people/keys', { jws });
    return session.show(changed, [`${id(person)} has the keys ${changed.keys.map((one) => id(one.kid)).join(', ')}.`]);
  }
  if (what === 'import' && argument !== undefined) return importStaff(session, argument);
  if (what !== 'list' || argument !== undefined) throw new CannotRun(`Usage: ${usageAbout(usage, what)}`);
  const here = new Set(localPeople(session.local.dir).map(({ person }) => person));
  const found = await session.as(['operator', 'supervisor']).client.request<PeopleList>('registry', 'GET', '/people');
  const { waiting = [] } = found;
  session.show(found, [
    ...found.people.map((one) => `${id(one.person).padEnd(10)} ${inert(one.name, 40).padEnd(28)} ${one.status.padEnd(7)} ${one.roles.map(id).join(', ').padEnd(22)}${here.has(one.person) ? ' key on this machine' : ''}`),
    ...waiting.map((one) => `${id(one.person).padEnd(10)} ${inert(one.name, 40).padEnd(28)} ${one.status.padEnd(7)} ${one.roles.map(id).join(', ').padEnd(22)} ${one.status === 'invited' ? invitedLine(one) : waitingLine(one)}`),
  ]);
});

type Waiting = NonNullable<PeopleList['waiting']>[number];
const invitedLine = ({ invitedBy, expiresAt }: Waiting): string => `by ${id(invitedBy)}; the link ${expiresAt !== null && expiresAt <= Date.now() ? 'is over: invite them again' : `works until ${new Date(expiresAt ?? 0).toISOString()}`}`;
const waitingLine = ({ person, change }: Waiting): string => `has enrolled; ${change === null ? `an operator asks for them: countersign change file person ${id(person)} --after '{"status":"active"}' --reason TEXT` : `a second person lets them in: countersign change approve ${change} --reason TEXT`}`;
