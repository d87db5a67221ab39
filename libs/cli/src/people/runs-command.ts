import type { ActionView, CancelResponse, Json, RunDetail, RunList, SupplyFactResponse } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
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

export const run = personCommand('countersign run RUN [--tree] [--json]', { tree: { type: 'boolean' } }, async (session) => {
  const wanted = only(session, 'run');
  const found = await session.as(watching).client.request<RunDetail>('supervision', 'GET', `/runs/${wanted}`);
  if (session.values['tree'] === true) return session.show(found, treeLines(found));
  session.show(found, [
    `${id(found.run)}  ${id(found.agent)}  ${id(found.status)}  since ${clock(found.startedAt)}`, `instructed: ${inert(found.instruction, 500)}`,
    ...found.timeline.flatMap((one) => [`${clock(one.at)}  ${id(one.action)}  ${id(one.tool).padEnd(26)} tier ${one.tier}  ${id(one.decision).padEnd(8)} ${id(one.status)}${one.code === null ? '' : `  ${id(one.code)}`}`, ...waitsFor(found.run, one)]),
  ]);
});

/** Who delegated to whom, from the root down; the run asked for is marked. */
const treeLines = ({ run, agent, status, tree = [{ run, agent, status, parent: null }] }: RunDetail): readonly string[] => {
  const under = (parent: string | null, depth: number): string[] => tree.filter((one) => one.parent === parent).flatMap((one) =>
    [`${one.run === run ? '>' : ' '} ${'  '.repeat(depth)}${id(one.run)}  ${id(one.agent)}  ${id(one.status)}`, ...(depth < 16 ? under(one.run, depth + 1) : [])]);
  return under(null, 0);
};

const waitsFor = (run: string, { action, deferral }: ActionView): readonly string[] => (deferral === undefined ? [] : [
  ...deferral.awaits.map(({ fact, from }) => `          waits until ${clock(deferral.until)} for ${id(fact)}, owed by ${from.map(id).join(' or ')}: npm run -s countersign -- supply ${id(run)} ${id(action)} ${id(fact)} VALUE`),
  ...deferral.dependsOn.map((other) => `          waits until ${clock(deferral.until)} for action ${id(other)}`),
]);

/** The value is JSON where it is some (true, 710, "text"), else the text itself. */
const valueOf = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};

export const supply = personCommand('countersign supply RUN ACTION FACT VALUE [--as PERSON] [--json]', {}, async (session) => {
  const [run, action, fact, text, ...more] = session.positionals;
  if (run === undefined || action === undefined || fact === undefined || text === undefined || more.length > 0) throw new CannotRun('Say which run, which action, which fact and its value: countersign run RUN shows what waits.');
  const found = await session.as(watching).client.request<RunDetail>('supervision', 'GET', `/runs/${encodeURIComponent(run)}`);
  const owed = found.timeline.find((one) => one.action === action)?.deferral?.awaits.find((one) => one.fact === fact);
  if (owed === undefined) throw new Refused('fact_not_awaited', 'The action does not wait for this fact.', 409, false);
  const value = valueOf(text);
  const { person, key, client } = session.as([...owed.from]);
  const jws = signPersonStatement('fact', { sub: person, tenant: process.env['CS_TENANT'] ?? 'acme', run, action, fact, value: argumentsDigest(value), iat: Math.floor(Date.now() / 1000) }, key);
  const result = await client.request<SupplyFactResponse>('supervision', 'POST', `/runs/${encodeURIComponent(run)}/actions/${encodeURIComponent(action)}/facts`, { fact, value, jws });
  session.show({ ...result, value, by: person }, [`${id(person)} says that ${id(fact)} is ${inert(JSON.stringify(value)).slice(1, -1)}; policy decides again.`]);
});

export const cancel = personCommand('countersign cancel RUN ACTION --reason TEXT [--as PERSON] [--json]', { reason: { type: 'string' } }, async (session) => {
  const [wanted, action, ...more] = session.positionals;
  if (wanted === undefined || action === undefined || more.length > 0) throw new CannotRun('Say which run and which action: two ids.');
  const reason = session.needed('reason');
  const result = await session.as(watching).client.request<CancelResponse>('supervision', 'POST', `/runs/${encodeURIComponent(wanted)}/actions/${encodeURIComponent(action)}/cancel`, { reason });
  session.show(result, [`Cancelled ${id(result.action)}: it will not run.`]);
});
