import type { AccountabilityView } from '@countersign/contracts';
import { stages } from '@countersign/registry/core/raci';
import { CannotRun } from '../errors.ts';
import { personCommand } from './command.ts';
import { id, inert } from './inert.ts';
import { ruleOwners } from './rule-owners.ts';

const usage = 'countersign who-answers RUN ACTION [--stage STAGE] [--as PERSON] [--json]';
const asked = ({ person, gone, today }: AccountabilityView['owner']): string => `${id(person)}${!gone ? '' : today === null ? ' (has left; nobody stands in)' : ` (has left; ask ${id(today)})`}`;

export const whoAnswers = personCommand(usage, { stage: { type: 'string' } }, async (session) => {
  const [run, action, ...more] = session.positionals;
  if (run === undefined || action === undefined || more.length > 0) throw new CannotRun(`Say which action: the ids of its run and of the action. Usage: ${usage}`);
  const { stage } = session.values;
  if (stage !== undefined && !(stages as readonly unknown[]).includes(stage)) throw new CannotRun(`--stage is one of ${stages.join(', ')}.`);
  const { client } = session.as(['operator', 'supervisor']);
  const found = await client.request<AccountabilityView>('registry', 'GET', `/accountability?run=${encodeURIComponent(run)}&action=${encodeURIComponent(action)}`);
  const wanted = found.stages.filter((one) => stage === undefined || one.stage === stage);
  const owners = await ruleOwners(client, found.policyVersion, found.rules);
  session.show({ ...found, stages: wanted, ruleOwners: owners ?? null }, [
    `${id(found.agent)} (version ${found.agentVersion}, ${found.agentStatus}) ${id(found.tool)}: ${found.decision}, tier ${found.tier}, ${new Date(found.at).toISOString()}, rules ${id(found.policyVersion)}: ${found.rules.map(id).join(', ')}`,
    `owner       ${asked(found.owner)}`,
    ...wanted.map((one) => `${one.stage.padEnd(11)} ${asked(one)}${one.from === 'owner' ? ', as its owner' : ''}`),
    ...(owners?.map(({ rule, owner, rationale }) => `rule        ${id(rule)}: ${id(owner)}, ${inert(rationale, 300)}`) ?? [`rules       their owners stand in the bundle ${id(found.policyVersion)}, which policy does not have any more`]),
    ...found.votes.map((one) => `voted       ${one.vote}: ${asked(one)}`),
    ...found.systems.map(({ what, owner }) => `system      ${id(what)}: ${owner === null ? 'nobody owns it' : id(owner)}`),
  ]);
});
