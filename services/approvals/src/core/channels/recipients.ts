import { ineligible } from '@countersign/kernel';
import type { Question, Speaker } from '../events.ts';

/** Whether somebody is asked: active, and their approval would count by now. */
export const mayBeAsked = (question: Question, speaker: Speaker & { readonly status: 'active' | 'gone' }, now: number): boolean =>
  speaker.status === 'active' && ineligible({ ...speaker, vote: 'approve', why: null }, question.ask, now) === null;
