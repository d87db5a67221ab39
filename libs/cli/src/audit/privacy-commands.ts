import type { EraseResponse, HoldList } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inertLine } from '../people/inert.ts';
import { eraseUsage, holdUsage, holdsUsage, releaseUsage } from './usage.ts';

const roles = ['operator'] as const;
const text = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
const lines = ({ holds }: HoldList): string[] => (holds.length === 0 ? ['no legal hold is in force'] : holds.map((one) => `${one.hold}  ${one.scope}${one.id === null ? '' : ` ${id(one.id)}`}  since ${new Date(one.at).toISOString()}  by ${id(one.by)}  ${inertLine(one.reason)}`));

/** Destroys the keys of a run, or of a person and everything on their behalf. */
export const erase = personCommand(eraseUsage, { run: { type: 'string' }, person: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const [run, person, reason] = [text(session.values['run']), text(session.values['person']), text(session.values['reason'])];
  if ((run === undefined) === (person === undefined) || reason === undefined || session.positionals.length > 0) throw new CannotRun(`Usage: ${eraseUsage}`);
  const erased = await session.as(roles).client.request<EraseResponse>('audit', 'POST', '/erasures', { scope: run === undefined ? 'person' : 'run', id: run ?? person, reason });
  session.show(erased, [`${erased.keys} keys are destroyed, and ${erased.entries} payloads with them. The entries and their proofs stay; the erasure is on the record.`]);
});

export const hold = personCommand(holdUsage, { reason: { type: 'string' } }, async (session) => {
  const [scope, whom, ...more] = session.positionals;
  const reason = text(session.values['reason']);
  if (scope === undefined || (scope === 'all') !== (whom === undefined) || more.length > 0 || reason === undefined) throw new CannotRun(`Usage: ${holdUsage}`);
  const list = await session.as(roles).client.request<HoldList>('audit', 'POST', '/holds', { scope, id: whom ?? null, reason });
  session.show(list, lines(list));
});

export const release = personCommand(releaseUsage, { reason: { type: 'string' } }, async (session) => {
  const [which, ...more] = session.positionals;
  const reason = text(session.values['reason']);
  if (which === undefined || !/^[1-9]\d{0,14}$/.test(which) || more.length > 0 || reason === undefined) throw new CannotRun(`Usage: ${releaseUsage}`);
  const list = await session.as(roles).client.request<HoldList>('audit', 'POST', `/holds/${which}/release`, { reason });
  session.show(list, lines(list));
});

export const holds = personCommand(holdsUsage, {}, async (session) => {
  const list = await session.as(roles).client.request<HoldList>('audit', 'GET', '/holds');
  session.show(list, lines(list));
});
