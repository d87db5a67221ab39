/** Moves a cursor or the reading direction, or is not seen. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** Text that is HTML already. Only `markup` makes it, so nothing else gets by unescaped. */
export class Markup {
  readonly text: string;
  constructor(text: string) { this.text = text; }
}
type Part = Markup | string | number | null | undefined | false | readonly Part[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };
/** For text and quoted attributes of HTML and SVG. Controls and what turns the reading direction around go too: text of agents must not rearrange a page. */
export const escapeText = (text: string): string => text.toWellFormed().replaceAll(unseen, ' ').replaceAll(/[&<>"'`]/g, (sign) => entities[sign]!);

/** The text of what `markup` made. */
export const rendered = (part: Part): string => {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  return Array.isArray(part) ? part.map(rendered).join('') : escapeText(String(part));
};

/** Tagged template: every value is escaped, for text and for quoted attributes; what `markup` made, and lists of it, go in as they are. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Part[]): Markup =>
  new Markup(strings.map((text, i) => (i === 0 ? text : rendered(values[i - 1]) + text)).join(''));
