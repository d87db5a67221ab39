import type { HaltList, HaltNotice, HaltResponse, HaltView, HaltScope, LiftResponse } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';

const stopping = ['supervisor', 'operator'];
const kinds = ['agent', 'tool', 'run', 'tenant'] as const;

/** What --agent, --tool, --run, --tenant or --everything names; exactly one. */
export const scopeOf = (values: Session['values']): HaltScope => {
  const named = kinds.flatMap((kind): HaltScope[] => (typeof values[kind] === 'string' && values[kind] !== '' ? [{ kind, id: values[kind] }] : []));
  if (values['everything'] === true) named.push({ kind: 'everything', id: null });
  const [scope, ...more] = named;
  if (scope === undefined || more.length > 0) throw new CannotRun('Say what to halt: one of --agent ID, --tool NAME, --run ID, --tenant ID, --everything.');
  return scope;
};

const about = (halt: Pick<HaltNotice, 'halt' | 'scope' | 'mode' | 'by' | 'reason' | 'except'>): string =>
  `${id(halt.halt)}  ${halt.mode} of ${halt.scope.kind}${halt.scope.id === null ? '' : ` ${id(halt.scope.id)}`}${halt.except === undefined ? '' : ` (${halt.except.tools?.length ?? 'all'} tools go on${halt.except.agents === undefined ? '' : ` for ${halt.except.agents.length} agents`})`}  by ${id(halt.by)}: ${inert(halt.reason)}`;

/** Whoever made a slip believes that what they meant is stopped. */
const unknownLines = ({ id: named }: HaltScope, unknown: HaltResponse['unknown']): readonly string[] => (unknown === undefined ? []
  : [`WARNING: no ${unknown.kind} ${id(named)} is known here${unknown.near.length === 0 ? '.' : `; did you mean ${unknown.near.map(id).join(' or ')}?`} The halt stands, in case it is about to come: look at the name again.`]);

export const halt = personCommand('countersign halt --agent ID|--tool NAME|--run ID|--tenant ID|--everything --reason TEXT [--pause] [--as PERSON] [--json]',
  { agent: { type: 'string' }, tool: { type: 'string' }, run: { type: 'string' }, tenant: { type: 'string' }, everything: { type: 'boolean' }, pause: { type: 'boolean' }, reason: { type: 'string' } }, async (session) => {
    const request = { scope: scopeOf(session.values), mode: session.values['pause'] === true ? 'pause' as const : 'halt' as const, reason: session.needed('reason') };
    const { client, person } = session.as(stopping);
    const issued = await client.request<HaltResponse>('supervision', 'POST', '/halts', request);
    const missed = !issued.paths.topic ? 'the topic' : issued.paths.database ? undefined : 'the database';
    session.show(issued, [about({ ...request, by: person, halt: issued.halt }), ...unknownLines(request.scope, issued.unknown), ...(missed === undefined ? [] : [`It holds, but ${missed} did not answer: issue it again until both do.`]), `Lift it with: countersign lift ${id(issued.halt)} --reason TEXT`]);
  });

const stateOf = ({ state, acknowledged, of, missing = [], underWay = 0, unknown = 0 }: HaltView): string => (state === undefined ? '' :
  `  ${state}: ${acknowledged} of ${of} confirmed${missing.length === 0 ? '' : `, not ${missing.map(id).join(', ')}`}${underWay > 0 ? `, ${underWay} under way` : ''}${unknown > 0 ? `, ${unknown} unknown` : ''}`);

export const halts = personCommand('countersign halts [--json]', {}, async (session) => {
  const found = await session.as(stopping).client.request<HaltList>('supervision', 'GET', '/halts');
  session.show(found, found.halts.length === 0 ? ['Nothing is halted.'] : found.halts.map((one) => `${about(one)}${stateOf(one)}`));
});

export const lift = personCommand('countersign lift HALT --reason TEXT [--as PERSON] [--json]', { reason: { type: 'string' } }, async (session) => {
  const wanted = only(session, 'halt');
  const reason = session.needed('reason');
  const result = await session.as(stopping).client.request<LiftResponse>('supervision', 'POST', `/halts/${wanted}/lift`, { reason });
  session.show(result, [`Lifted ${id(result.halt)}.`]);
});
