import { ineligible } from '@countersign/kernel';
import type { Question, Speaker } from '../events.ts';

/** Whether somebody is asked: active, and their approval would count by now. */
export const mayBeAsked = (question: Question, speaker: Speaker & { readonly status: 'active' | 'gone' }, now: number): boolean =>
  speaker.status === 'active' && speaker.person !== question.seededBy && ineligible({ ...speaker, vote: 'approve', why: null }, question.ask, now) === null;

/** Whether somebody is told, asked or not: where too few are left to ask, operators and who may break the glass can do something about it. */
export const isTold = ({ ask }: Question, { roles, status }: { readonly roles: readonly string[]; readonly status: 'active' | 'gone' }): boolean =>
  ask.short !== undefined && status === 'active' && roles.some((role) => role === 'operator' || ask.breakGlass?.roles.includes(role) === true);
