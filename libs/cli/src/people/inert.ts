import { visibleJson } from '@countersign/kernel';

const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * Text that an agent, a tool or a stranger wrote, as one quoted line that a terminal shows and never obeys: what steers it stands there as `\\u001b`, nothing is taken out.
 * @param most characters shown; what is cut is said. Where people decide about the text it is shown whole
 */
export const inert = (text: string, most = 200): string => visibleJson(cut(text, most));

const cut = (text: string, most: number): string => {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most).join('')}… (${characters.length - most} more)` : text;
};

/** One line of ours in which others' words stand (literals and texts of a draft): nothing in it moves the terminal, and nothing is taken out or cut, so that no word of ours can be made to vanish. */
export const inertLine = (line: string): string => line.toWellFormed().replaceAll(unseen, ' ');

/** An id of ours (letters, digits and a few signs) as it is, anything else inert: ids in answers of services are shown unquoted so that they can be copied. */
export const id = (text: unknown): string => (typeof text === 'string' && /^[\w.:@~*-]{1,128}$/.test(text) ? text : inert(String(text), 60));

/** Arguments of an action on one line: `to "DE89…", minor 48000`. Whole, unless `most` characters of each are enough. */
export const inertArguments = (args: Readonly<Record<string, unknown>>, most = Infinity): string =>
  Object.entries(args).map(([name, value]) => `${id(name)} ${typeof value === 'string' ? inert(value, most) : cut(visibleJson(value), most)}`).join(', ');
