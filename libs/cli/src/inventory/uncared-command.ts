import { writeFile } from 'node:fs/promises';
import type { InventoryReport } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import { progress } from '../output.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { time, uncaredPage } from './uncared-page.ts';
import { usage } from './usage.ts';

export type Uncared = 'orphans' | 'abandoned' | 'shadow';

/** Who answers for it has left, although somebody owns it. */
const unansweredLine = ({ kind, id: name, owner, ownerActive, stages, agents }: InventoryReport['unanswered'][number]): string => {
  const who = [...(ownerActive ? [] : [`its owner ${id(owner)} has left`]), ...stages.map(({ stage, person }) => `${id(person)}, who answers for ${stage}, has left`)].join('; ');
  const remedy = kind === 'process' ? `countersign process put ${id(name)} --file FILE --reason TEXT` : kind === 'role' ? `countersign change file role ${id(name)} --after FILE --reason TEXT` : `countersign agent raci ${id(name)} --set STAGE=PERSON --reason TEXT`;
  return `${kind} ${id(name)}: ${who}${agents.length === 0 ? '' : ` (agents: ${agents.map(id).join(' ')})`}. ${remedy}`;
};

const lines = (what: Uncared, { orphans, unanswered, abandoned, shadows, shadowsForgotten }: InventoryReport): readonly string[] => {
  switch (what) {
    case 'orphans': return orphans.length + unanswered.length === 0 ? ['Every agent has an owner who is here, and so has every role and process; everybody who answers for a stage is here.'] : [...orphans.map((one) => `${id(one.agent).padEnd(18)} ${one.status.padEnd(10)} ${id(one.owner)} left ${time(one.since)}${one.suspendAt === null ? '' : `, suspended ${time(one.suspendAt)}`}${one.offeredTo === null
      ? `. countersign agent reassign ${id(one.agent)} --owner ${id(one.successor ?? 'PERSON')} --reason TEXT` : `, offered to ${id(one.offeredTo)}: countersign agent accept ${id(one.agent)} --as ${id(one.offeredTo)}`}`), ...unanswered.map(unansweredLine)];
    case 'abandoned': return abandoned.length === 0 ? ['Every active agent is used.'] : abandoned.map((one) => `${id(one.agent).padEnd(18)} owner ${id(one.owner).padEnd(10)} last used ${time(one.lastUseAt)}. countersign agent suspend ${id(one.agent)} --reason TEXT`);
    case 'shadow': return [...(shadows.length === 0 ? ['Nobody unregistered was seen.'] : shadows.map((one) => `${inert(one.principal, 60).padEnd(30)} ${id(one.code).padEnd(16)} ${one.count} messages, last ${time(one.lastAt)}`)), ...(shadowsForgotten > 0 ? [`${shadowsForgotten} more messages under names that are not kept.`] : [])];
  }
};

/** `countersign inventory orphans|abandoned|shadow`; the page has all of it. */
export const uncared = (what: Uncared) => personCommand(usage, { html: { type: 'string' } }, async (session) => {
  if (session.positionals.length > 0) throw new CannotRun(usage);
  const report = await session.as(['operator', 'supervisor']).client.request<InventoryReport>('registry', 'GET', '/inventory/report');
  const { html: file } = session.values;
  if (typeof file === 'string') {
    await writeFile(file, uncaredPage(report)).catch((error: Error) => { throw new CannotRun(error.message); });
    progress(`The report is in ${file}.`);
  }
  const { at, orphans, unanswered, abandoned, shadows, shadowsForgotten } = report;
  session.show({ at, ...(what === 'orphans' ? { orphans, unanswered } : what === 'abandoned' ? { abandoned } : { shadows, shadowsForgotten }) }, lines(what, report));
});
