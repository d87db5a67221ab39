import type { AgentList, AgentSnapshot } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { personCommand } from './command.ts';
import { id, inert } from './inert.ts';

const line = (agent: AgentSnapshot): string =>
  `${id(agent.agent).padEnd(18)} ${agent.status.padEnd(10)} owner ${id(agent.owner).padEnd(8)} acts alone up to tier ${agent.ceiling}, may use ${agent.permissions.map(id).join(' ')}  ${inert(agent.purpose, 100)}`;

export const agents = personCommand('countersign agents [--json]', {}, async (session) => {
  const found = await session.as(['operator', 'supervisor']).client.request<AgentList>('registry', 'GET', '/agents');
  session.show(found, found.agents.map(line));
});

/** Steps of an agent's life that people type. */
const steps = ['activate', 'suspend', 'resume', 'decommission'];

export const agent = personCommand('countersign agent activate|suspend|resume|decommission AGENT --reason TEXT [--as PERSON] [--json]', { reason: { type: 'string' } }, async (session) => {
  const [step, wanted, ...more] = session.positionals;
  if (step === undefined || !steps.includes(step) || wanted === undefined || more.length > 0) throw new CannotRun(`Say what to do with which agent: ${steps.join('|')} AGENT.`);
  const reason = session.needed('reason');
  const { client } = session.as(['operator']);
  const of = `/agents/${encodeURIComponent(wanted)}`;
  // People say "activate" of a suspended agent too; the registry calls that resume.
  const before = step === 'activate' ? await client.request<AgentSnapshot>('registry', 'GET', of) : undefined;
  const changed = await client.request<AgentSnapshot>('registry', 'POST', `${of}/${before?.status === 'suspended' ? 'resume' : step}`, { reason });
  session.show(changed, [line(changed)]);
});
