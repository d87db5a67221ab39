import type { ChangeList, ChangeView } from '@countersign/contracts';
import { readDocument } from '../document/document.ts';
import { documents } from '../document/kinds.ts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { changesUsage } from './usage.ts';
import { agree, readChange } from './agree.ts';

/** Of a field of a diff: all that the registry may say. */
const longestLine = 20_000;
const head = (one: ChangeView): string => `${one.change}  ${one.status.padEnd(9)} ${one.subject.kind} ${id(one.subject.id)}  by ${id(one.requester)}: ${inert(one.reason, 100)}`;
const lines = (one: ChangeView): readonly string[] => [
  head(one), ...one.diff.flatMap(({ field, before, after }) => [`  ${id(field)}`, `    - ${inert(before, longestLine)}`, `    + ${inert(after, longestLine)}`]),
  ...Object.entries(one.after).filter(([field]) => !one.diff.some((line) => line.field === field)).map(([field, value]) => `  ${id(field)} is given as ${inert(JSON.stringify(value), longestLine)}: said to be so already`),
  ...one.widens.map((way) => `  widens: ${inert(way, 500)}`), ...one.allows.map((tool) => `  newly allows: ${inert(tool, 500)}`),
  ...(one.widens.length === 0 ? ['  only takes away'] : []), ...(one.status === 'open' ? [`  until ${new Date(one.expiresAt).toISOString()}, digest ${one.digest}`] : []), ...(one.approvedBy ? [`  approved by ${id(one.approvedBy)}`] : []),
];

const subjects = ['agent', 'role', 'template', 'grantor', 'person'] as const;
const isSubject = (text: string): text is (typeof subjects)[number] => (subjects as readonly string[]).includes(text);

export const change = personCommand(changesUsage, { yes: { type: 'boolean' }, all: { type: 'boolean' }, after: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const [what = 'list', first, second, ...more] = session.positionals;
  if (more.length > 0) throw new CannotRun(`Usage: ${changesUsage}`);
  const path = (step = ''): string => `/changes/${encodeURIComponent(first ?? '')}${step}`;
  if (what === 'list' && first === undefined) {
    const found = await session.as(['policy-reviewer', 'operator']).client.request<ChangeList>('registry', 'GET', '/changes');
    const shown = found.changes.filter(({ status }) => session.values['all'] === true || status === 'open');
    return session.show({ changes: shown }, shown.length === 0 ? [session.values['all'] === true ? 'No request was ever filed. countersign change file files one.' : 'No open request. --all lists those that are decided as well; countersign change file files one.'] : shown.map(head));
  }
  if (what === 'file' && first !== undefined && second !== undefined) {
    if (!isSubject(first)) throw new CannotRun(`A change is of one of ${subjects.join(', ')}, not of "${first}".`);
    const after = readDocument<object>(session.needed('after'), documents[first], `countersign change file ${first}`);
    const made = await session.as(['operator']).client.request<ChangeView>('registry', 'POST', '/changes', { subject: { kind: first, id: second }, after, reason: session.needed('reason') });
    return session.show(made, [...lines(made), ...(made.status === 'open' ? [`Somebody else looks at it and agrees: countersign change approve ${made.change} --reason TEXT`] : ['Done: it only takes away.'])]);
  }
  if (first === undefined || second !== undefined) throw new CannotRun(`Usage: ${changesUsage}`);
  if (what === 'show') {
    const found = await session.as(['policy-reviewer', 'operator']).client.request<ChangeView>('registry', 'GET', path());
    return session.show(found, lines(found));
  }
  if (what === 'withdraw') {
    const done = await session.as(['operator']).client.request<ChangeView>('registry', 'POST', path('/withdraw'), { reason: session.needed('reason') });
    return session.show(done, lines(done));
  }
  if (what !== 'approve') throw new CannotRun(`Usage: ${changesUsage}`);
  const reason = session.needed('reason');
  const reader = session.as(['policy-reviewer', 'operator']);
  const found = await readChange(reader.client, first);
  // Whoever filed it is not asked to approve it where somebody else's key lies here.
  const { person, key, client } = reader.person === found.requester ? session.as(['policy-reviewer', 'operator'], [found.requester]) : reader;
  if (session.values['yes'] !== true) {
    session.show(found, [...lines(found), `Nothing is signed yet. If this is right: countersign change approve ${id(first)} --reason TEXT --yes`]);
    return session.failed();
  }
  const done = await agree(client, { person, key }, found, reason);
  session.show(done, lines(done));
});
