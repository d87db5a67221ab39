import { readFileSync } from 'node:fs';
import type { BreakerList, BudgetList, LeaseList, PlaybookCheck, PlaybookRunList, PlaybookRunView, QuarantineResponse, RecoverHaltResponse } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';
import { scopeOf } from './halts-command.ts';
import { id, inert, inertLine } from './inert.ts';
import { shownMoney } from './money-and-time.ts';
import { playbookUsage, quarantineUsage, recoverUsage } from './incident-usage.ts';

const text = { type: 'string' } as const, flag = { type: 'boolean' } as const;
const stopping = ['supervisor', 'operator'];
const clock = (at: number): string => new Date(at).toISOString().slice(11, 19);
const usageLine = (usage: string): string => usage.split('\n')[0]!;

export const recover = personCommand(usageLine(recoverUsage), { stage: text, agents: text, reason: text }, async (session) => {
  const halt = only(session, 'halt'), stage = session.needed('stage'), { agents } = session.values;
  if (!['reads', 'reversible', 'all'].includes(stage)) throw new CannotRun('--stage is reads, reversible or all.');
  const request = { stage, reason: session.needed('reason'), ...(typeof agents === 'string' && { agents: agents.split(',').map((one) => one.trim()).filter((one) => one !== '') }) };
  const done = await session.as(stopping).client.request<RecoverHaltResponse>('supervision', 'POST', `/halts/${halt}/recover`, request);
  session.show(done, done.halt === null ? [`${id(done.root)} is over.`] : [
    `${id(done.root)} is at the stage ${done.stage}: ${done.tools} tools go on${done.agents === null ? '' : ` for ${done.agents} agents`}, the rest stays halted (${id(done.halt)}).`,
    `Next: countersign recover ${id(done.root)} --stage ${done.agents === null ? (done.stage === 'reads' ? 'reversible' : 'all') : done.stage} --reason TEXT`,
  ]);
});

export const quarantine = personCommand(usageLine(quarantineUsage), { agent: text, run: text, reason: text }, async (session) => {
  const scope = scopeOf(session.values);
  const done = await session.as(stopping).client.request<QuarantineResponse>('supervision', 'POST', '/quarantines', { scope, reason: session.needed('reason') });
  session.show(done, [`${scope.kind} ${id(scope.id ?? '')} is in quarantine: ${id(done.halt)}; ${done.cancelled.length} waiting actions were closed.`, `Somebody else lets it back: countersign lift ${id(done.halt)} --reason TEXT --as PERSON`]);
});

export const breakers = personCommand('countersign breakers [--as PERSON] [--json]', {}, async (session) => {
  const found = await session.as(stopping).client.request<BreakerList>('supervision', 'GET', '/breakers');
  const share = (value: number | null, what: string): string => (value === null ? '' : `  ${Math.round(value * 100)} % ${what}`);
  session.show(found, [
    ...(found.effect === 'record' ? ['Breakers are only recorded (CS_BREAKERS_EFFECT=record): none of them stops anything.'] : []),
    ...(found.breakers.length === 0 ? ['Every breaker is closed.'] : found.breakers.map(({ kind, id: of, status, until, why, times, halt }) => `${status.replace('_', ' ')}  ${kind} ${id(of)}: ${inert(why)}${until === null ? '' : `, tries again at ${clock(until)}`}${times > 1 ? ` (${times} times in a row)` : ''}  ${id(halt)}`)),
    ...found.limits.map(({ scope, match, minimum, windowMs, errors, denials, spend }) => `limit  ${scope} ${match}: of at least ${minimum} in ${windowMs / 1_000} s${share(errors, 'failed')}${share(denials, 'denied')}${spend === null ? '' : `  ${shownMoney(spend)}`}`),
  ]);
});

export const budgets = personCommand('countersign budgets [--as PERSON] [--json]', {}, async (session) => {
  const found = await session.as(stopping).client.request<BudgetList>('supervision', 'GET', '/budgets');
  session.show(found, found.budgets.length === 0 ? ['Nothing is used of any budget wider than a run.'] : found.budgets.map(({ account, budget, unit, used, until }) => `${id(budget)}  ${unit === 'calls' ? `${used} calls` : shownMoney({ minor: used, currency: unit })}  until ${new Date(until).toISOString()}  ${inert(account)}`));
});

export const leases = personCommand('countersign leases [--as PERSON] [--json]', {}, async (session) => {
  const found = await session.as(stopping).client.request<LeaseList>('supervision', 'GET', '/leases');
  session.show(found, found.leases.length === 0 ? ['No runtime holds a run.'] : [
    ...found.leases.map(({ run, agent, holder, fence, until, silent }) => `${silent ? 'silent' : 'held  '}  ${id(run)}  ${id(agent)}  by ${id(holder)}, fence ${fence}, until ${clock(until)}`),
    `${found.silent} of ${found.of} are silent${found.hiccup ? ': too many at once for it to be they; nothing is quarantined' : ''}`,
  ]);
});

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CannotRun(`${file} cannot be read: ${(error as Error).message}`);
  }
};

const linesOf = ({ id: of, playbook, scope, by, status, steps, held }: PlaybookRunView): string[] => [
  `${id(of)}  ${id(playbook)} over ${scope.kind}${scope.id === null ? '' : ` ${id(scope.id)}`}, begun by ${id(by)}: ${status}`,
  ...steps.flatMap(({ step, do: verb, status: at, says, confirmedBy, needs, roles }) => [
    `  ${at.padEnd(9)} ${id(step)} (${verb})${needs > 0 && at !== 'rehearsed' ? `  ${confirmedBy.length} of ${needs} confirmed${confirmedBy.length > 0 ? ` (${confirmedBy.map(id).join(', ')})` : ''}: ${roles.map(id).join(', ')}` : ''}`,
    ...(says === '' ? [] : says.split('\n').map((line) => `            ${inertLine(line)}`)),
  ]),
  ...steps.filter(({ status: at }) => at === 'waiting').map(({ step }) => `Confirm it with: countersign playbook confirm ${id(of)} --step ${id(step)} --reason TEXT --as PERSON`),
  ...(held === undefined ? [] : [
    `What it stopped stays stopped: ${scope.kind}${scope.id === null ? '' : ` ${id(scope.id)}`} is held by ${id(held.halt)}.`,
    `Let it go in stages: countersign recover ${id(held.root)} --stage ${held.next} --reason TEXT`,
    `Or all at once:      countersign lift ${id(held.halt)} --reason TEXT`,
  ]),
];

const verbs: Readonly<Record<string, (session: Session, what: string) => Promise<void>>> = {
  check: async (session, file) => {
    const found = await session.as([]).client.request<PlaybookCheck>('supervision', 'POST', '/playbooks/check', { text: read(file) });
    if (found.problems.length > 0) session.failed();
    session.show(found, found.problems.length === 0 ? [`${file} is sound: ${id(found.name ?? '')}, ${found.steps} steps.`] : found.problems.map(({ line, column, path, why }) => `${file}:${line}:${column}: ${path === '' ? '' : `${inertLine(path)}: `}${inertLine(why)}`));
  },
  list: async (session) => {
    const found = await session.as([]).client.request<PlaybookRunList>('supervision', 'GET', '/playbooks');
    session.show(found, found.runs.length === 0 ? ['No playbook was ever begun.'] : found.runs.map((one) => linesOf(one)[0]!));
  },
  show: async (session, of) => {
    const found = await session.as([]).client.request<PlaybookRunView>('supervision', 'GET', `/playbooks/${encodeURIComponent(of)}`);
    session.show(found, linesOf(found));
  },
  confirm: async (session, of) => {
    const step = session.needed('step'), reason = session.needed('reason'), { client, person, key } = session.as(stopping);
    const shown = await client.request<PlaybookRunView>('supervision', 'GET', `/playbooks/${encodeURIComponent(of)}`), waits = shown.steps.find((one) => one.step === step);
    if (waits?.digest == null) throw new Refused('conflict', `the step ${step} does not wait: ${shown.steps.find(({ status }) => status === 'waiting')?.step ?? 'none'} does`, 409, false);
    const jws = signPersonStatement('playbook-step', { sub: person, tenant: process.env['CS_TENANT'] ?? 'acme', playbook: of, step, digest: waits.digest, reason, iat: Math.floor(Date.now() / 1000) }, key);
    const done = await client.request<PlaybookRunView>('supervision', 'POST', `/playbooks/${encodeURIComponent(of)}/confirm`, { jws });
    session.show(done, linesOf(done));
  },
  abandon: async (session, of) => {
    const done = await session.as(stopping).client.request<PlaybookRunView>('supervision', 'POST', `/playbooks/${encodeURIComponent(of)}/abandon`, { reason: session.needed('reason') });
    session.show(done, linesOf(done));
  },
};
const begin = (rehearse: boolean) => async (session: Session, file: string): Promise<void> => {
  const done = await session.as(stopping).client.request<PlaybookRunView>('supervision', 'POST', '/playbooks', { text: read(file), scope: scopeOf(session.values), reason: session.needed('reason'), rehearse });
  session.show(done, linesOf(done));
};

export const playbook = personCommand(usageLine(playbookUsage), { agent: text, tool: text, tenant: text, everything: flag, reason: text, step: text }, async (session) => {
  const [verb = '', what, ...more] = session.positionals, act = { ...verbs, run: begin(false), rehearse: begin(true) }[verb];
  if (act === undefined || more.length > 0 || (what === undefined) !== (verb === 'list')) throw new CannotRun(`Say what to do with which playbook.\nUsage: ${playbookUsage}`);
  await act({ ...session, positionals: [] }, what ?? '');
});
