import type { AgentSnapshot, Raci } from '@countersign/contracts';
import { answering, stages } from '@countersign/registry/core/raci';
import { CannotRun } from '../errors.ts';
import type { Session } from './command.ts';
import { id } from './inert.ts';

/** Steps by which people answer for an agent. */
export const ownershipSteps = ['reassign', 'accept', 'recertify', 'raci'] as const;
export type OwnershipStep = (typeof ownershipSteps)[number];
export const isOwnershipStep = (step: string | undefined): step is OwnershipStep => ownershipSteps.includes(step as OwnershipStep);

/** `--set incident=bob,logging=ann`: who is accountable for which stage; `all=bob` for every one. */
export const duties = (text: string, before: Raci): Raci => text.split(',').reduce<Raci>((raci, part) => {
  const [stage = '', person = ''] = part.split('=').map((side) => side.trim());
  const meant = stage === 'all' ? stages : stages.filter((one) => one === stage);
  if (meant.length === 0 || person === '') throw new CannotRun(`--set ${JSON.stringify(part)} is not understood: incident=PERSON, where the first is all or one of ${stages.join(', ')}.`);
  return { ...raci, ...Object.fromEntries(meant.map((one) => [one, { ...raci[one], accountable: person }])) };
}, before);

export const own = async (session: Session, step: OwnershipStep, agent: string): Promise<void> => {
  const of = `/agents/${encodeURIComponent(agent)}`;
  const { client, person } = session.as(step === 'reassign' ? ['operator'] : []);
  const post = (path: string, body?: unknown): Promise<AgentSnapshot> => client.request<AgentSnapshot>('registry', 'POST', `${of}${path}`, body);
  if (step === 'reassign') {
    const owner = session.needed('owner');
    return session.show(await post('/owner', { owner, reason: session.needed('reason') }), [`${id(agent)} is offered to ${id(owner)}. Nothing changes until they take it: countersign agent accept ${id(agent)} --as ${id(owner)}`]);
  }
  if (step === 'accept') {
    const taken = await post('/owner/accept');
    return session.show(taken, [`${id(agent)} is ${id(taken.owner)}'s now and ${taken.status}, up to tier ${taken.ceiling} alone.${taken.status === 'suspended' ? ` Next: countersign agent review ${id(agent)}, then countersign agent resume ${id(agent)} --reason TEXT.` : ''}`]);
  }
  const reason = session.needed('reason');
  if (step === 'raci') {
    const { process, set } = session.values;
    const own = (await client.request<AgentSnapshot>('registry', 'GET', of)).raci ?? {};
    const changed = await post('/raci', { raci: process !== undefined && set === undefined ? own : duties(session.needed('set'), own), ...(process !== undefined && { process: process === 'none' ? null : process }), reason });
    const all = answering(changed);
    return session.show(changed, stages.map((stage) => `${stage.padEnd(11)} ${id(all[stage]?.accountable ?? 'nobody')}${changed.raci?.[stage] === undefined && changed.process !== undefined ? `, of ${id(changed.process.process)}` : ''}`));
  }
  const certified = await post('/recertify', { reason });
  const waits = certified.euAiAct?.category === 'high' && certified.owner === person;
  session.show(certified, [waits ? `${id(agent)}: your part is signed. It is high-risk: within seven days an operator or policy-reviewer does the same.` : `${id(agent)} is recertified, up to tier ${certified.ceiling} alone.`]);
};
