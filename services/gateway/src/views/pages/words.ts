import { markup, visibleJson } from '@countersign/kernel';
import type { Markup } from '@countersign/kernel';

/** Others' words: visible JSON in a block of its own, never markup. */
export const words = (value: unknown): Markup => markup`<pre class="words">${visibleJson(value)}</pre>`;

/** A short value of ours or an id; anything unusual in it is made visible. */
export const word = (value: unknown): string => (typeof value === 'string' && /^[\w.:@ ,*/()–-]{0,200}$/.test(value) ? value : visibleJson(value));

export const time = (ms: number): Markup => { const iso = new Date(ms).toISOString(); return markup`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`; };
