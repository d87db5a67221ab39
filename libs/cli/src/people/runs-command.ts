import type { ActionView, CancelResponse, Json, RunDetail, RunEvent, RunList, SupplyFactResponse } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
import { only, personCommand } from './command.ts';
import { id, inert } from './inert.ts';
import { shownMoney } from './money-and-time.ts';

const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);
const watching = ['supervisor', 'operator'];

const queryOf = (values: Readonly<Record<string, unknown>>, names: readonly string[]): URLSearchParams => {
  const query = new URLSearchParams();
  for (const name of names) if (typeof values[name] === 'string') query.set(name, values[name]); else if (values[name] === true) query.set(name, 'true');
  return query;
};
const text = { type: 'string' } as const;

export const runs = personCommand('countersign runs [--agent AGENT] [--status STATUS] [--tool TOOL] [--tier N] [--action STATUS] [--json]', { agent: text, status: text, tool: text, tier: text, action: text }, async (session) => {
  const { client } = session.as(watching);
  const query = queryOf(session.values, ['agent', 'status', 'tool', 'tier', 'action']);
  const found = await client.request<RunList>('supervision', 'GET', `/runs?${query}`);
  session.show(found, found.runs.length === 0 ? ['No runs.'] : found.runs.map((run) =>
    `${id(run.run)}  ${clock(run.startedAt)}  ${id(run.agent).padEnd(18)} ${id(run.status).padEnd(9)} ${String(run.actions).padStart(3)} actions, ${run.waiting} waiting  ${inert(run.instruction, 80)}`));
});

export const run = personCommand('countersign run RUN [--tree] [--tool TOOL] [--tier N] [--action STATUS] [--json]', { tree: { type: 'boolean' }, tool: text, tier: text, action: text }, async (session) => {
  const wanted = only(session, 'run');
  const found = await session.as(watching).client.request<RunDetail>('supervision', 'GET', `/runs/${wanted}?${queryOf(session.values, ['tree', 'tool', 'tier', 'action'])}`);
  if (session.values['tree'] === true) return session.show(found, [...treeLines(found), ...found.timeline.flatMap((one) => lineOf(found.run, one, true))]);
  session.show(found, [
    `${id(found.run)}  ${id(found.agent)}  ${id(found.status)}  since ${clock(found.startedAt)}`, `instructed: ${inert(found.instruction, 500)}`,
    ...found.timeline.flatMap((one) => lineOf(found.run, one, false)),
    ...(found.cost ?? []).map((cost) => `cost ${shownMoney(cost)}`),
  ]);
});

/** One action: when, what, how risky, why, and what came of it. */
const lineOf = (run: string, one: ActionView, named: boolean): readonly string[] => [
  `${clock(one.proposedAt ?? one.at)}  ${named ? `${id(one.run ?? run)}  ` : ''}${id(one.action)}  ${id(one.tool).padEnd(26)} tier ${one.tier}  ${id(one.decision).padEnd(8)} ${id(one.status)}${one.code === null ? '' : `  ${id(one.code)}`}`,
  ...(one.rules ?? []).map((rule) => `          rule ${id(rule.id)}: ${inert(rule.reason, 120)}`),
  ...(one.grant === undefined ? [] : [`          granted ${clock(one.grant.at)}${one.grant.claim ? one.grant.claimedAt === null ? ', not claimed' : `, claimed ${clock(one.grant.claimedAt)}` : ''}`]),
  ...(one.outcome === undefined ? [] : [`          ${clock(one.outcome.at)} ${id(one.outcome.status)}${one.outcome.cost === null ? '' : `, cost ${shownMoney(one.outcome.cost)}`}${one.outcome.late ? ', after it was stopped' : ''}`]),
  ...(one.reversal !== undefined ? [`          reversal ${id(one.reversal)}${one.reversal === 'failed' || one.reversal === 'unknown' ? ': countersign attention says why' : ''}`]
    : one.reversibleUntil !== undefined && one.reversibleUntil > Date.now() ? [`          can be taken back until ${clock(one.reversibleUntil)}`] : []),
  ...waitsFor(one.run ?? run, one),
];

export const watch = personCommand('countersign watch [--run RUN [--tree]] [--agent AGENT] [--tool TOOL] [--kind KIND] [--tier N] [--after ID] [--json]', { run: text, tree: { type: 'boolean' }, agent: text, tool: text, kind: text, tier: text, after: text }, async (session) => {
  const { client } = session.as(watching);
  const query = queryOf(session.values, ['run', 'tree', 'agent', 'tool', 'kind', 'tier']);
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  for (let after = typeof session.values['after'] === 'string' ? session.values['after'] : undefined; !ending.signal.aborted;) {
    // A stream ends after a quarter of an hour: the next one goes on behind the last event.
    for await (const { id: last, event, data } of client.events('supervision', `/timeline/stream?${query}`, after, ending.signal)) {
      if (last !== '') after = last;
      if (event !== 'closing' && event !== 'dropped') session.show(JSON.parse(data), [eventLine(JSON.parse(data) as RunEvent)]);
    }
  }
});

const eventLine = ({ at, run, agent, kind, action, tool, tier, decision, code, outcome, by, reason, rules = [] }: RunEvent): string => [
  clock(at), id(run), id(agent), id(kind), action === undefined ? '' : id(action), tool === undefined ? '' : id(tool), tier === undefined ? '' : `tier ${tier}`, decision ?? '', code == null ? '' : id(code), outcome === undefined ? '' : id(outcome),
  rules.map((rule) => id(rule.id)).join(' '), by === undefined ? '' : `by ${id(by)}`, reason == null ? '' : inert(reason, 100),
].filter((part) => part !== '').join('  ');

/** Who delegated to whom, from the root down; the run asked for is marked. */
const treeLines = ({ run, agent, status, tree = [{ run, agent, status, parent: null }] }: RunDetail): readonly string[] => {
  const under = (parent: string | null, depth: number): string[] => tree.filter((one) => one.parent === parent).flatMap((one) =>
    [`${one.run === run ? '>' : ' '} ${'  '.repeat(depth)}${id(one.run)}  ${id(one.agent)}  ${id(one.status)}`, ...(depth < 16 ? under(one.run, depth + 1) : [])]);
  return under(null, 0);
};

const waitsFor = (run: string, { action, deferral }: ActionView): readonly string[] => (deferral === undefined ? [] : [
  ...deferral.awaits.map(({ fact, from }) => `          waits until ${clock(deferral.until)} for ${id(fact)}, owed by ${from.map(id).join(' or ')}: countersign supply ${id(run)} ${id(action)} ${id(fact)} VALUE`),
  ...deferral.dependsOn.map((other) => `          waits until ${clock(deferral.until)} for action ${id(other)}`),
]);

/** The value is JSON where it is some (true, 710, "text"), else the text itself. */
const valueOf = (said: string): Json => {
  try {
    return JSON.parse(said) as Json;
  } catch {
    return said;
  }
};

export const supply = personCommand('countersign supply RUN ACTION FACT VALUE [--as PERSON] [--json]', {}, async (session) => {
  const [run, action, fact, said, ...more] = session.positionals;
  if (run === undefined || action === undefined || fact === undefined || said === undefined || more.length > 0) throw new CannotRun('Say which run, which action, which fact and its value: countersign run RUN shows what waits.');
  const found = await session.as(watching).client.request<RunDetail>('supervision', 'GET', `/runs/${encodeURIComponent(run)}`);
  const owed = found.timeline.find((one) => one.action === action)?.deferral?.awaits.find((one) => one.fact === fact);
  if (owed === undefined) throw new Refused('fact_not_awaited', 'The action does not wait for this fact.', 409, false);
  const value = valueOf(said);
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
