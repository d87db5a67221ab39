import { isList } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import type { RunContext } from './context.ts';

/** What a tool's catalogue entry says about how people ask for it; all of it beginnings of words, lower case. */
export interface Asking {
  /** Words that alone ask for the act: `reschedul`, `refund`. */
  readonly acts: Value | undefined;
  /** Words that ask for it only together with one of `objects` in the same sentence: `add` with `calendar`. */
  readonly verbs: Value | undefined;
  readonly objects: Value | undefined;
}

const some = (stems: Value | undefined, sentence: string): boolean =>
  isList(stems as Value) && (stems as readonly Value[]).some((stem) => typeof stem === 'string' && sentence.includes(` ${stem}`));

/** Whether a sentence of the instruction asks for this kind of act; true where the tool's entry names no words. */
export const actAsked = ({ acts, verbs, objects }: Asking, context: RunContext): boolean => {
  if (acts === undefined && verbs === undefined) return true;
  return context.sentences.some(({ text: sentence }) => some(acts, sentence) || (some(verbs, sentence) && (objects === undefined || some(objects, sentence))));
};

/** Whether a sentence of the instruction speaks of several things of this kind without giving their addresses ("all websites posted there"). */
export const severalMeant = (plurals: Value | undefined, context: RunContext): boolean =>
  isList(plurals as Value) && context.sentences.some(({ text, addressed }) => !addressed && (plurals as readonly Value[]).some((word) => typeof word === 'string' && text.includes(` ${word} `)));
