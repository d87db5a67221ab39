/**
 * Others' words, shown to people who must judge them. One rule for every surface: the text becomes JSON in which every character is
 * visible. Nothing is taken out or cut, so that what is approved can be read back exactly; nothing invisible is left that could move a
 * cursor, turn the reading direction, hide a part or end a code block. What then still means something to one surface (HTML, Slack)
 * is escaped for that surface alone.
 */

/** Controls, formats (bidi marks, joiners), private use, unassigned, line and paragraph breaks, spaces other than the common one, the ignorable, and the backtick. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}`]|(?! )\p{Zs}/gu;

const escaped = (character: string): string => {
  let text = '';
  for (let i = 0; i < character.length; i++) text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
};

/** A JSON value on one line, every character visible; parsing it gives the value back. */
export const visibleJson = (value: unknown): string => (JSON.stringify(value) ?? 'null').replace(unseen, escaped);

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text or attribute of HTML. */
export const html = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** Text of a Slack message: without these three no mention, link or date can be written. Put others' words into a code block besides: there `visibleJson` leaves no backtick. */
export const slack = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character]!);
