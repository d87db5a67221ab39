import { html, visibleJson } from '@countersign/kernel';

/** HTML that is finished: texts in it are escaped. Only `markup` makes it. */
export class Markup {
  readonly text: string;
  constructor(text: string) { this.text = text; }
}

type Part = string | number | Markup | readonly Part[] | null | undefined | false;

const write = (part: Part): string => {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  return Array.isArray(part) ? part.map(write).join('') : html(String(part as string | number));
};

/** HTML with parts put in: every text is escaped, wherever it stands; attributes are always quoted in our templates. */
export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup => new Markup(strings.reduce((text, next, i) => text + write(parts[i - 1]) + next));

/** Others' words: visible JSON in a block of its own, never markup. */
export const words = (value: unknown): Markup => markup`<pre class="words">${visibleJson(value)}</pre>`;

/** A short value of ours or an id; anything unusual in it is made visible. */
export const word = (value: unknown): string => (typeof value === 'string' && /^[\w.:@ ,*/()–-]{0,200}$/.test(value) ? value : visibleJson(value));

export const time = (ms: number): Markup => { const iso = new Date(ms).toISOString(); return markup`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`; };
