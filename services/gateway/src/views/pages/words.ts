import { markup, visibleJson } from '@countersign/kernel';
import type { Markup } from '@countersign/kernel';

/** Others' words: visible JSON in a block of its own, never markup. */
export const words = (value: unknown): Markup => markup`<pre class="words">${visibleJson(value)}</pre>`;

/** Others' words within a sentence of ours, visible JSON as well. */
export const said = (text: string): Markup => markup`<q class="said">${visibleJson(text)}</q>`;

/** A short value of ours or an id; anything unusual in it is made visible. */
export const word = (value: unknown): string => (typeof value === 'string' && /^[\w.:@ ,*/()–-]{0,200}$/.test(value) ? value : visibleJson(value));

export const time = (ms: number): Markup => { const iso = new Date(ms).toISOString(); return markup`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`; };

/** How long there is until then; the page's script keeps it true. */
export const timeLeft = (ms: number, now: number): Markup => markup`<time datetime="${new Date(ms).toISOString()}" title="${new Date(ms).toISOString()}" data-left>${left(ms - now)}</time>`;

// As page.js says it.
const left = (ms: number): string => (ms <= 0 ? 'no time left' : ms < 60_000 ? `${Math.ceil(ms / 1_000)} s left` : ms < 5_400_000 ? `${Math.round(ms / 60_000)} min left` : ms < 129_600_000 ? `${Math.round(ms / 3_600_000)} h left` : `${Math.round(ms / 86_400_000)} days left`);
