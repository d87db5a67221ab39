import type { CancelResponse, RunDetail, RunList } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { only, personCommand } from './command.ts';
import { id, inert } from './inert.ts';

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);
const watching = ['supervisor', 'operator'];

export const runs = personCommand('countersign runs [--agent AGENT] [--status STATUS] [--json]', { agent: { type: 'string' }, status: { type: 'string' } }, async (session) => {
  const { client } = session.as(watching);
  const query = new URLSearchParams();
  for (const name of ['agent', 'status']) if (typeof session.values[name] === 'string') query.set(name, session.values[name]);
  const found = await client.request<RunList>('supervision', 'GET', `/runs?${query}`);
  session.show(found, found.runs.length === 0 ? ['No runs.'] : found.runs.map((run) =>
    `${id(run.run)}  ${clock(run.startedAt)}  ${id(run.agent).padEnd(18)} ${id(run.status).padEnd(9)} ${String(run.actions).padStart(3)} actions, ${run.waiting} waiting  ${inert(run.instruction, 80)}`));
});

export const run = personCommand('countersign run RUN [--json]', {}, async (session) => {
  const wanted = only(session, 'run');
  const found = await session.as(watching).client.request<RunDetail>('supervision', 'GET', `/runs/${wanted}`);
  session.show(found, [
    `${id(found.run)}  ${id(found.agent)}  ${id(found.status)}  since ${clock(found.startedAt)}`, `instructed: ${inert(found.instruction, 500)}`,
    ...found.timeline.map((one) => `${clock(one.at)}  ${id(one.action)}  ${id(one.tool).padEnd(26)} tier ${one.tier}  ${id(one.decision).padEnd(8)} ${id(one.status)}${one.code === null ? '' : `  ${id(one.code)}`}`),
  ]);
});

export const cancel = personCommand('countersign cancel RUN ACTION --reason TEXT [--as PERSON] [--json]', { reason: { type: 'string' } }, async (session) => {
  const [wanted, action, ...more] = session.positionals;
  if (wanted === undefined || action === undefined || more.length > 0) throw new CannotRun('Say which run and which action: two ids.');
  const reason = session.needed('reason');
  const result = await session.as(watching).client.request<CancelResponse>('supervision', 'POST', `/runs/${encodeURIComponent(wanted)}/actions/${encodeURIComponent(action)}/cancel`, { reason });
  session.show(result, [`Cancelled ${id(result.action)}: it will not run.`]);
});
