import { readFile, stat } from 'node:fs/promises';
import type { PeopleList, PersonChange } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import type { Session } from './command.ts';
import { Refused } from './client.ts';
import { id, inert } from './inert.ts';
import { orAsk } from './or-ask.ts';
import { readStaff } from './staff-file.ts';
import { planStaff, tooManyLeave } from './staff-plan.ts';

const mostBytes = 20 * 1024 * 1024;

/** `countersign people import FILE`: the company's list of current staff; who is not on it leaves. Whoever imports it does not leave by it. Exit 1 where a row is broken. */
export const importStaff = async (session: Session, file: string): Promise<void> => {
  const size = await stat(file).catch((error: Error) => { throw new CannotRun(error.message); });
  if (size.size > mostBytes) throw new CannotRun('The file has more than 20 MB: is it a list of staff?');
  const bytes = await readFile(file).catch((error: Error) => { throw new CannotRun(error.message); });
  const { client, person } = session.as(['operator']);
  const here = (await client.request<PeopleList>('registry', 'GET', '/people')).people;
  const staff = readStaff(bytes);
  const words = new Set(bytes.toString('utf8').split(/[\s,;"'\t]+/));
  const plan = planStaff(staff, here, (one) => one === person || words.has(one));
  const dryRun = session.values['dry-run'] === true;
  if (!dryRun && session.values['force'] !== true && tooManyLeave(plan, here)) throw new Refused('too_many_leave', `${plan.leave.length} of ${here.length} would leave: ${plan.leave.slice(0, 10).map(id).join(', ')}. Look at it with --dry-run; if it is right, say --force.`, 409, false);
  const refused: { person: string; why: string }[] = [];
  const waiting: { person: string; change: string }[] = [];
  const reason = session.needed('reason');
  /** `asked`: what two people have to agree on, where it takes two. */
  const apply = async (whom: string, path: string, method: 'POST' | 'PATCH', news: object, asked: PersonChange): Promise<void> => {
    if (dryRun) return;
    try {
      const answer = await orAsk(client, whom, asked, reason, () => client.request<object>('registry', method, `/people/${encodeURIComponent(whom)}${path}`, { ...news, reason }));
      if ('change' in answer) waiting.push({ person: whom, change: answer.change });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ person: whom, why: error.message });
    }
  };
  for (const one of plan.comeBack) await apply(one, '/return', 'POST', {}, { status: 'active' });
  for (const { person: one, roles, ...news } of plan.change) {
    if (Object.keys(news).length > 0) await apply(one, '', 'PATCH', news, {});
    if (roles !== undefined) await apply(one, '', 'PATCH', { roles }, { roles: [...roles] });
  }
  for (const one of plan.leave) await apply(one, '/leave', 'POST', {}, {});
  session.show({ dryRun, ...plan, waiting, refused }, [
    `${dryRun ? 'Would take' : 'Took'} the list: ${plan.leave.length} leave, ${plan.comeBack.length} are back, ${plan.change.length} change, ${plan.unknown.length} are not enrolled here, ${plan.broken.length} rows are broken, ${waiting.length} wait for a second person, ${refused.length} were refused.`,
    ...plan.leave.map((one) => `leaves   ${id(one)}`), ...plan.comeBack.map((one) => `is back  ${id(one)}`), ...plan.change.map(({ person: one, ...news }) => `changes  ${id(one)}: ${Object.keys(news).join(', ')}`),
    ...plan.unknown.map((one) => `unknown  ${id(one)}: countersign people invite ${id(one)} --name NAME --roles A,B`), ...plan.broken.map(({ line, why }) => `line ${line}: ${inert(why, 300).slice(1, -1)}`),
    ...waiting.map(({ person: one, change }) => `waits    ${id(one)}: countersign change approve ${change} --reason TEXT`),
    ...refused.map(({ person: one, why }) => `refused  ${id(one)}: ${inert(why, 300).slice(1, -1)}`),
  ]);
  if (plan.broken.length + refused.length > 0) session.failed();
};
