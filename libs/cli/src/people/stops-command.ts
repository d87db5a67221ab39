import { readFileSync } from 'node:fs';
import type { ActionView, ApprovalAttention, AttentionList, BulkResponse, DrillResponse, EnforcementPoints, JsonObject, NoticeList, ReversalView, RunStopResponse } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';

const text = { type: 'string' } as const;
const stopping = ['supervisor', 'operator'];
const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);
const two = (session: Session, what: string): readonly [string, string] => {
  const [run, action, ...more] = session.positionals;
  if (run === undefined || action === undefined || more.length > 0) throw new CannotRun(`Say which run and which action ${what}: two ids.`);
  return [encodeURIComponent(run), encodeURIComponent(action)];
};

/** `countersign pause|resume|terminate RUN`, and `cancel RUN` where no action is named. */
export const runVerb = (verb: RunStopResponse['verb']) => personCommand(`countersign ${verb} RUN --reason TEXT [--as PERSON] [--json]`, { reason: text }, async (session) => {
  const run = only(session, 'run');
  const done = await session.as(verb === 'pause' || verb === 'cancel' ? stopping : [...stopping, 'senior']).client.request<RunStopResponse>('supervision', 'POST', `/runs/${run}/${verb}`, { reason: session.needed('reason') });
  session.show(done, [
    `${id(done.run)}: ${verb === 'resume' ? `lifted ${done.halts.map(id).join(', ')}` : `stands under ${done.halts.map(id).join(', ')}`}`,
    ...done.cancelled.map((action) => `  cancelled ${id(action)}`), ...done.reversals.map((action) => `  will be taken back: ${id(action)}`), ...done.irreversible.map((action) => `  cannot be taken back here: ${id(action)}`),
  ]);
});

export const bulk = personCommand('countersign bulk pause|resume|cancel|terminate [RUN …] [--agent AGENT] [--status STATUS] [--tool TOOL] [--all] --reason TEXT [--dry-run] [--expect N] [--as PERSON] [--json]',
  { agent: text, status: text, tool: text, reason: text, all: { type: 'boolean' }, 'dry-run': { type: 'boolean' }, expect: text }, async (session) => {
    const [verb, ...runs] = session.positionals;
    if (verb === undefined || !['pause', 'resume', 'cancel', 'terminate'].includes(verb)) throw new CannotRun('Say what to do: bulk pause, resume, cancel or terminate.');
    const filter = Object.fromEntries(['agent', 'status', 'tool'].flatMap((name) => (typeof session.values[name] === 'string' ? [[name, session.values[name]]] : [])));
    const { expect } = session.values;
    // An empty variable of a shell must not stop the whole company, nor one word too many another part of it than was meant.
    const empty = [...Object.entries(filter), ['expect', expect ?? '0']].find(([, value]) => String(value).trim() === '');
    if (empty !== undefined) throw new CannotRun(`--${empty[0]} is empty.`);
    if (typeof expect === 'string' && !/^\d{1,6}$/.test(expect)) throw new CannotRun(`--expect ${JSON.stringify(expect)} is no number of runs.`);
    if ([runs.length > 0, Object.keys(filter).length > 0, session.values['all'] === true].filter(Boolean).length > 1) throw new CannotRun('Say which runs in one way: their ids, or --agent, --status and --tool, or --all.');
    if (runs.length === 0 && Object.keys(filter).length === 0 && session.values['all'] !== true) throw new CannotRun(`Say which runs: their ids, --agent, --status or --tool; --all for every run that is open.`);
    const done = await session.as(stopping).client.request<BulkResponse>('supervision', 'POST', '/bulk', { verb, reason: session.needed('reason'), ...(runs.length > 0 ? { runs } : { filter }), dryRun: session.values['dry-run'] === true, ...(typeof expect === 'string' && { expect: Number(expect) }) });
    if (done.items.some(({ ok }) => !ok)) session.failed();
    session.show(done, [`${done.count} runs${done.dryRun ? ' (nothing was done)' : ''}`, ...done.items.map(({ run, agent, ok, code, detail }) => `  ${id(run)}  ${id(agent)}  ${ok ? done.dryRun ? 'would be done' : 'done' : `${id(code)}: ${inert(detail ?? '')}`}`)]);
  });

export const reverse = personCommand('countersign reverse RUN ACTION --reason TEXT [--args JSON] [--as PERSON] [--json]', { reason: text, args: text }, async (session) => {
  const [run, action] = two(session, 'to take back');
  let args: JsonObject | undefined;
  try {
    if (typeof session.values['args'] === 'string') args = JSON.parse(session.values['args']) as JsonObject;
  } catch {
    throw new CannotRun('--args is no JSON.');
  }
  const done = await session.as(stopping).client.request<ReversalView>('supervision', 'POST', `/runs/${run}/actions/${action}/reverse`, { reason: session.needed('reason'), ...(args !== undefined && { arguments: args }) });
  session.show(done, [`${id(done.action)} is to be taken back with ${id(done.compensator)}: countersign run ${id(done.run)} shows what comes of it.`]);
});

export const notices = personCommand('countersign notices [--as PERSON] [--json]', {}, async (session) => {
  const found = await session.as(stopping).client.request<NoticeList>('supervision', 'GET', '/notices');
  session.show(found, found.notices.length === 0 ? ['Nothing that could be taken back.'] : found.notices.map(({ run, action, agent, tool, at, until, outcome, reversal }) =>
    `${clock(at)}  ${id(agent)}  ${id(tool)}  ${outcome ?? 'under way'}${reversal === null ? `  until ${clock(until)}: countersign reverse ${id(run)} ${id(action)} --reason TEXT` : `  reversal ${reversal}`}`));
});

export const enforcement = personCommand('countersign enforcement [enrol GUARD --key FILE --reason TEXT | remove GUARD --reason TEXT] [--as PERSON] [--json]', { key: text, reason: text }, async (session) => {
  const [word, guard, ...more] = session.positionals;
  if (more.length > 0 || (word !== undefined && (guard === undefined || !['enrol', 'remove'].includes(word)))) throw new CannotRun('Say enrol GUARD or remove GUARD, or nothing.');
  const { client } = session.as(['operator']);
  const found = word === undefined ? await client.request<EnforcementPoints>('supervision', 'GET', '/enforcement')
    : word === 'remove' ? await client.request<EnforcementPoints>('supervision', 'POST', `/enforcement/guards/${encodeURIComponent(guard!)}/remove`, { reason: session.needed('reason') })
      : await client.request<EnforcementPoints>('supervision', 'POST', '/enforcement/guards', { guard, key: publicKey(session.needed('key')), reason: session.needed('reason') });
  session.show(found, found.points.map(({ point, live, behind }) => `${id(point)}  ${live ? 'live' : 'silent'}  ${behind === null ? 'has not confirmed the last notice' : `confirmed the last notice after ${behind} ms`}`));
});

/** The public half, whatever else the file holds. */
const publicKey = (file: string): object => {
  try {
    const { kty, crv, x, kid } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return { kty, crv, x, kid };
  } catch (error) {
    throw new CannotRun(`${file} is no key: ${(error as Error).message}`);
  }
};

export const drill = personCommand('countersign halt drill [--reason TEXT] [--as PERSON] [--json]', { reason: text }, async (session) => {
  const done = await session.as(stopping).client.request<DrillResponse>('supervision', 'POST', '/drills', { reason: typeof session.values['reason'] === 'string' ? session.values['reason'] : 'drill' });
  if (done.lastMs === null) session.failed();
  session.show(done, [`${done.acknowledged} of ${done.of} enforcement points confirmed${done.lastMs === null ? '; not all did within 5 s' : `, the last after ${done.lastMs} ms`}`, ...done.points.map(({ point, ms }) => `  ${id(point)}  ${ms === null ? 'did not confirm' : `${ms} ms`}`)]);
});

const deadEnd = ({ approval, agent, tool, missing, requesters, breakGlass }: ApprovalAttention['deadEnds'][number]): string =>
  `dead end  ${id(agent)}  ${id(tool)}: nobody is left who could be ${missing.map(({ roles, people }) => [...roles, ...people].map(id).join(' or ') || 'asked').join(', ')}${requesters.length === 0 ? '' : ` (${requesters.map(id).join(', ')} asked for it)`}; countersign deny ${id(approval)}, give somebody the role and let the agent propose it again${breakGlass === undefined ? '' : `, or countersign break-glass ${id(approval)} (${breakGlass.map(id).join(' or ')})`}`;

export const attention = personCommand('countersign attention [--as PERSON] [--json]', {}, async (session) => {
  const { client } = session.as(stopping);
  const [found, asked] = await Promise.all([client.request<AttentionList>('supervision', 'GET', '/attention'), client.request<ApprovalAttention>('approvals', 'GET', '/attention')]);
  const lines = [
    ...found.unknown.map(({ run, action, tool, agent }) => `unknown   ${id(agent)}  ${id(tool)}: find out what came of it, then countersign reconcile ${id(run)} ${id(action)} --outcome succeeded|failed|partial|not_executed --reason TEXT`),
    ...found.reversals.map(({ run, action, status, compensator, code, detail }) => `reversal ${status}  ${id(compensator)} of ${id(run)} ${id(action)}: ${code === null ? '' : `${id(code)} `}${inert(detail ?? '')}`),
    ...asked.deadEnds.map(deadEnd),
    ...asked.glasses.map(({ approval, agent, tool, people, reviewDue }) => `glass     ${id(agent)}  ${id(tool)}: broken by ${people.map(id).join(' and ')}; nobody breaks it again before countersign review-glass ${id(approval)} --verdict right|wrong --reason TEXT${reviewDue === undefined ? '' : `, due ${new Date(reviewDue).toISOString()}`}`),
  ];
  session.show({ ...found, ...asked }, lines.length === 0 ? ['Nothing waits for you.'] : lines);
});

export const reconcile = personCommand('countersign reconcile RUN ACTION --outcome succeeded|failed|partial|not_executed --reason TEXT [--as PERSON] [--json]', { outcome: text, reason: text }, async (session) => {
  const [run, action] = two(session, 'was found out about');
  const done = await session.as(stopping).client.request<ActionView>('supervision', 'POST', `/runs/${run}/actions/${action}/reconcile`, { outcome: session.needed('outcome'), reason: session.needed('reason') });
  session.show(done, [`${id(done.action)}: ${done.outcome?.status ?? done.status}`]);
});
