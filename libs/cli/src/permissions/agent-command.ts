import type { AgentList, ChangeView, PermissionsView, UnusedView } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import type { Session } from '../people/command.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { shownMoney } from '../people/money-and-time.ts';
import { agentUsage } from '../people/agent-usage.ts';
import { usageAbout } from '../usage-about.ts';
import { completed, made, registeredFrom } from './register-command.ts';

const one = (session: Session): string => {
  const [, agent, ...more] = session.positionals;
  if (agent === undefined || more.length > 0) throw new CannotRun(`Say which agent: one id.\nUsage: ${usageAbout(agentUsage, session.positionals[0])}`);
  return agent;
};
const at = (agent: string, rest: string): string => `/agents/${encodeURIComponent(agent)}/${rest}`;

const permissions = async (session: Session): Promise<void> => {
  const agent = one(session), { tool, args } = session.values;
  const query = new URLSearchParams({ ...(typeof tool === 'string' && { tool }), ...(typeof args === 'string' && { args }) });
  const found = await session.as(['operator', 'supervisor']).client.request<PermissionsView>('registry', 'GET', at(agent, `permissions?${query.toString()}`));
  session.show(found, [
    `${id(agent)} is ${id(found.status)}${found.template ? `, out of the template ${id(found.template)}` : ''}, acts alone up to tier ${found.ceiling}, ${found.limits.calls} calls in a run`,
    ...found.held.map((held) => `  ${id(held.source).padEnd(30)} ${held.holds.replace('_', ' ').padEnd(10)} ${held.tools.map(id).join(' ')}`), ...found.grantsNothing.map((role) => `  ${id(role)}: nobody declared this role, it grants nothing`),
    ...(found.tool === undefined ? [] : [`${id(found.tool.tool)}: ${found.tool.answer}`, ...found.tool.because.map((because) => `  ${inert(because, 1_000)}`)]),
  ]);
};

const unused = async (session: Session): Promise<void> => {
  const { days = '30', file } = session.values;
  const { client } = session.as(['operator']);
  const agents = session.values['all'] === true ? (await client.request<AgentList>('registry', 'GET', '/agents')).agents.map(({ agent }) => agent) : [one(session)];
  if (typeof file === 'string' && agents.length !== 1) throw new CannotRun('--file takes one agent.');
  const found: UnusedView[] = [];
  for (const agent of agents) found.push(await client.request<UnusedView>('registry', 'GET', at(agent, `unused?days=${encodeURIComponent(String(days))}`)));
  const lines = found.flatMap((view) => [
    `${id(view.agent)}: ${view.unused.length === 0 ? 'nothing unused' : 'unused'} (${inert(view.why, 300)})`, ...view.unused.map(({ source, tools }) => `  ${id(source).padEnd(30)} ${tools.map(id).join(' ')}`),
    ...(view.proposal?.permissions.map(({ tools, resources = [], limits }) => `  would have been enough: ${tools.map(id).join(' ')}${resources.length > 0 ? ` for ${inert(resources.map(({ fact, patterns }) => `${fact} ${patterns.join('|')}`).join(', '), 200)}` : ''}${limits?.moneyPerAction ? ` up to ${shownMoney(limits.moneyPerAction)}` : ''}`) ?? []),
  ]);
  if (typeof file !== 'string') return session.show(session.values['all'] === true ? { agents: found } : found[0]!, lines);
  const [view] = found;
  if (!view?.proposal) throw new CannotRun(`Nothing is proposed: ${view?.why ?? ''}.`);
  const change = await client.request<ChangeView>('registry', 'POST', '/changes', { subject: { kind: 'role', id: file }, after: view.proposal, reason: session.needed('reason') });
  session.show(change, [...lines, `filed as ${change.change} (${change.status})`]);
};

const verbs: Readonly<Record<string, (session: Session) => Promise<void>>> = { new: (session) => made(session, one(session)), register: (session) => registeredFrom(session, one(session)), complete: (session) => completed(session, one(session)), permissions, unused };

export const agentPermissions = personCommand(agentUsage, {
  template: { type: 'string' }, name: { type: 'string' }, purpose: { type: 'string' }, owner: { type: 'string' }, model: { type: 'string' }, 'key-file': { type: 'string' }, tool: { type: 'string' }, args: { type: 'string' },
  ...Object.fromEntries(['prompt-version', 'eu-ai-act', 'affects', 'decides-on', 'peer-group', 'baseline-plan', 'accountable', 'permissions'].map((name) => [name, { type: 'string' as const }])),
  all: { type: 'boolean' }, days: { type: 'string' }, file: { type: 'string' }, reason: { type: 'string' },
}, (session) => verbs[session.positionals[0]!]!(session));
