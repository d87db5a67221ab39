import type { AgentList, AgentReviewList, AgentSnapshot } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { answering } from '@countersign/registry/core/raci';
import { duration } from '@countersign/policy/core/rules/duration';
import { defaultObserveMs } from '@countersign/registry/core/observe';
import { usageAbout } from '../usage-about.ts';
import { agentUsage } from './agent-usage.ts';
import { personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';
import { afterReview, nextStep } from './next-step.ts';
import { isOwnershipStep, own } from './ownership-command.ts';

const line = (agent: AgentSnapshot): string =>
  `${id(agent.agent).padEnd(18)} ${agent.status.padEnd(10)} owner ${id(agent.owner).padEnd(8)} acts alone up to tier ${agent.ceiling}, may use ${agent.permissions.map(id).join(' ') || (agent.scoped ?? []).length > 0 ? [...agent.permissions.map(id), ...(agent.scoped ?? []).flatMap(({ permission }) => permission.tools).map((tool) => `${id(tool)} under conditions`)].join(' ') : 'nothing yet'}  ${observed(agent)}${inert(agent.purpose, 100)}`;

/** Never to be mistaken for an agent whose rules are enforced. */
const observed = ({ observe }: AgentSnapshot): string => (observe !== undefined && Date.now() < observe.until ? `OBSERVED, not enforced, until ${new Date(observe.until).toISOString()}  ` : '');

/** How long to observe, ms. */
const lengthOf = (text: unknown): number => {
  const ms = typeof text === 'string' ? duration(text) : defaultObserveMs;
  if (ms === undefined) throw new CannotRun('--for is a time, as in 14d or 12h.');
  return ms;
};

const filters = ['owner', 'status', 'role', 'environment', 'model', 'category', 'tool', 'text', 'after', 'limit'] as const;

export const agents = personCommand(`countersign agents ${filters.map((name) => `[--${name} …]`).join(' ')} [--json]`, Object.fromEntries(filters.map((name) => [name, { type: 'string' as const }])), async (session) => {
  const query = new URLSearchParams(filters.flatMap((name) => (typeof session.values[name] === 'string' ? [[name, session.values[name]] as [string, string]] : [])));
  const found = await session.as(['operator', 'supervisor']).client.request<AgentList>('registry', 'GET', `/agents${query.size === 0 ? '' : `?${query.toString()}`}`);
  session.show(found, [...(found.agents.length === 0 ? [query.size === 0 ? 'No agent is registered. countersign agent new --help, or countersign inventory import FILE, brings one in.' : 'No agent is like that. countersign agents lists all of them.'] : found.agents.map(line)), ...(found.next ? [`more: --after ${id(found.next)}`] : [])]);
});

/** Steps of an agent's life that people type. */
const steps = ['activate', 'suspend', 'resume', 'decommission', 'observe', 'enforce'];

/** All that the registry says of one agent, and what comes next. */
const show = async (session: Session, wanted: string): Promise<void> => {
  const found = await session.as(['operator', 'supervisor']).client.request<AgentSnapshot>('registry', 'GET', `/agents/${encodeURIComponent(wanted)}`);
  const { roles, environment, model, promptVersion, euAiAct, peerGroup, baselinePlan, process, raci = {}, template, reviewedAt, because, scoped = [], requestable = [] } = found;
  const accountable = [...new Set(Object.values(answering({ raci, process })).flatMap((duties) => duties?.accountable ?? []))];
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['roles', roles.map(id).join(', ') || undefined], ['under conditions', scoped.flatMap(({ permission }) => permission.tools).map(id).join(' ') || undefined], ['on request', requestable.flatMap(({ permission }) => permission.tools).map(id).join(' ') || undefined],
    ['environment', id(environment)], ['model', model === null ? undefined : inert(model, 200)], ['prompt', promptVersion && inert(promptVersion, 200)], ['EU AI Act', euAiAct?.category ?? 'not stated'],
    ['accountable', accountable.length === 0 ? 'nobody' : accountable.map(id).join(', ')], ['process', process && id(process.process)], ['template', template && id(template)], ['peers', peerGroup && id(peerGroup)], ['baseline', baselinePlan && inert(baselinePlan, 200)],
    ['last review', reviewedAt === undefined ? 'none passed' : new Date(reviewedAt).toISOString()], ['because', because && `${id(because.by)}: ${inert(because.reason, 200)}`],
  ];
  session.show(found, [line(found), ...fields.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(16)} ${value}`])), ...nextStep(found)]);
};

/** For a pipeline as well: exit code 0 where it passes, 1 where it does not, 2 where it could not be run. */
const review = async (session: Session, wanted: string): Promise<void> => {
  const { client } = session.as(['operator']);
  const { reviews: [found] } = await client.request<AgentReviewList>('registry', 'POST', '/agents/reviews', { agents: [wanted] });
  const now = await client.request<AgentSnapshot>('registry', 'GET', `/agents/${encodeURIComponent(wanted)}`);
  const { passed, checks, bundle } = found!;
  session.show(found, [
    `${id(wanted)} ${passed ? 'passes' : 'does not pass'} its governance review (rules ${inert(bundle.version, 128)})`,
    ...checks.flatMap((one) => [`  ${one.passed ? 'ok ' : 'NO '} ${one.check.padEnd(10)} ${inert(one.why, 500)}`, ...(one.remedy === null ? [] : [`      ${inert(one.remedy, 500)}`])]),
    ...afterReview(found!, now),
  ]);
  if (!passed) session.failed();
};

export const agent = personCommand(agentUsage, { reason: { type: 'string' }, for: { type: 'string' }, owner: { type: 'string' }, set: { type: 'string' }, process: { type: 'string' } }, async (session) => {
  const [step, wanted, ...more] = session.positionals;
  if (step === 'show' && wanted !== undefined && more.length === 0) return show(session, wanted);
  if (step === 'review' && wanted !== undefined && more.length === 0) return review(session, wanted);
  if (isOwnershipStep(step) && wanted !== undefined && more.length === 0) return own(session, step, wanted);
  if (step === undefined || !steps.includes(step) || wanted === undefined || more.length > 0) throw new CannotRun(`${wanted === undefined ? 'Say what to do with which agent.' : 'There is no such step, or too much was said.'}\nUsage: ${usageAbout(agentUsage, step)}`);
  const reason = session.needed('reason');
  const { client } = session.as(['operator']);
  const of = `/agents/${encodeURIComponent(wanted)}`;
  // People say "activate" of a suspended agent too; the registry calls that resume.
  const before = step === 'activate' ? await client.request<AgentSnapshot>('registry', 'GET', of) : undefined;
  const changed = await client.request<AgentSnapshot>('registry', 'POST', `${of}/${before?.status === 'suspended' ? 'resume' : step}`, { reason, ...(step === 'observe' && { until: Date.now() + lengthOf(session.values['for']) }) });
  session.show(changed, [line(changed), ...nextStep(changed)]);
});
