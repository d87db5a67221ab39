/** Everything that can move a terminal's cursor, colour, title or reading direction; what stands between is kept. */
const sequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[PX^_][^\u001B]*(?:\u001B\\)?|[ -/]*[0-~])|\u009B[0-?]*[ -/]*[@-~]/g;
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/**
 * Text that an agent, a tool or a stranger wrote, as one quoted line that a terminal shows and never obeys:
 * escape sequences go, other control and direction characters become a space.
 * @param most characters shown; what is cut is said
 */
export const inert = (text: string, most = 200): string => {
  const plain = text.toWellFormed().replaceAll(sequences, '').replaceAll(unseen, ' ');
  const shown = [...plain];
  return JSON.stringify(shown.length > most ? `${shown.slice(0, most).join('')}… (${shown.length - most} more)` : plain);
};

/** One line of ours in which others' words stand (literals and texts of a draft): nothing in it moves the terminal, and nothing is taken out or cut, so that no word of ours can be made to vanish. */
export const inertLine = (line: string): string => line.toWellFormed().replaceAll(unseen, ' ');

/** An id of ours (letters, digits and a few signs) as it is, anything else inert: ids in answers of services are shown unquoted so that they can be copied. */
export const id = (text: unknown): string => (typeof text === 'string' && /^[\w.:@~*-]{1,128}$/.test(text) ? text : inert(String(text), 60));

/** Arguments of an action on one line: `to "DE89…", minor 48000`. */
export const inertArguments = (args: Readonly<Record<string, unknown>>, most = 100): string =>
  Object.entries(args).map(([name, value]) => `${id(name)} ${typeof value === 'string' ? inert(value, most) : inert(JSON.stringify(value) ?? 'null', most).slice(1, -1).replaceAll('\\"', '"')}`).join(', ');
