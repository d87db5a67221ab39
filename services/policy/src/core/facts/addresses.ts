import { replaceAccounts } from './accounts.ts';
import { normalise } from './normalise.ts';

const between = /[\s"<>()[\]{},;|`“”«»]+/;
const before = "'’‘*", after = `${before}.,:!?…`;

/** A loop and no expression: one that looks for the end takes the square of a long run of dots. */
const trimmed = (word: string): string => {
  let from = 0, to = word.length;
  while (from < to && before.includes(word[from]!)) from++;
  while (to > from && after.includes(word[to - 1]!)) to--;
  return word.slice(from, to);
};

const loose = /^[^/?#:@]+[.。](\p{L}{2,})(?:[:/?#]|$)/u;
const fileEnding = /^(?:txt|md|docx?|pdf|csv|xlsx?|pptx?|json|ya?ml|xml|html?|zip|png|jpe?g|gif|svg|py|js|ts|log|ini|cfg|sql|eml|ics|rtf|odt)$/i;
const account = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/i;

/** Wider than isAddress on purpose: what looks like an address is never matched by its words, whatever signs or letters stand in it. */
const looksLikeOne = (word: string): boolean => {
  const plain = word.normalize('NFKC');
  if (plain.includes('@') || plain.includes('://') || /^www[.。]/i.test(plain) || account.test(plain)) return true;
  const found = loose.exec(plain);
  return found !== null && (!fileEnding.test(found[1]!) || plain.includes('/'));
};

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** An address as it is compared: accounts in capitals, mail in lower case, a page without scheme, its host in lower case and its path as it is. */
const canonical = (word: string): string => {
  if (account.test(word)) return word.toUpperCase();
  const bare = word.replace(/^(?:https?:\/\/|mailto:)/i, '').replace(/\/$/, '');
  const host = /^[^/?#]*/.exec(bare)![0];
  return lower(host) + bare.slice(host.length);
};

/** Puts the addresses of one word into `found`; false where it is none. */
const takeAddresses = (chunk: string, found: Set<string>): boolean => {
  const word = trimmed(chunk.replace(/['’]s$/, ''));
  if (word.length < 4 || !looksLikeOne(word)) return false;
  found.add(canonical(word));
  // "Mail:bob@a.example": the label is no part of it.
  const label = /^[\p{L}]+:(?!\/)/u.exec(word);
  if (label !== null && looksLikeOne(word.slice(label[0].length))) found.add(canonical(word.slice(label[0].length)));
  return true;
};

const joined = (text: string): string => replaceAccounts(text, (number) => number);

const wordOf = /[^\s"<>()[\]{},;|`“”«»]+/g;

/** Puts `mark` in the place of web addresses, with a scheme or not. */
export const replaceLinks = (text: string, mark: string): string => text.replace(wordOf, (chunk) => {
  const word = trimmed(chunk);
  return word.length < 4 || word.normalize('NFKC').includes('@') || account.test(word) || !looksLikeOne(word) ? chunk : chunk.replace(word, () => mark);
});

/** The addresses of a text in the form in which they are compared, and the text without them. */
export const splitAddresses = (text: string): { readonly addresses: ReadonlySet<string>; readonly rest: string } => {
  const addresses = new Set<string>();
  const rest = joined(text).split(between).filter((chunk) => !couldBe(chunk, 0, chunk.length) || !takeAddresses(chunk, addresses));
  return { addresses, rest: rest.join(' ') };
};

const plain = 0, digit = 1, dot = 2, colon = 3, sure = 4, apart = 5;
/** What each of the first 128 characters may mean for an address; `apart`: what `between` has. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const one = String.fromCharCode(code);
  return between.test(one) ? apart : /\d/.test(one) ? digit : one === '.' ? dot : one === ':' ? colon : one === '@' ? sure : plain;
});
const kindAt = (text: string, at: number): number => { const code = text.charCodeAt(at); return code < 128 ? kinds[code]! : code > 127 ? sure : plain; };
const shortestAccount = 15;

/**
 * Whether a word is worth looking at: ASCII words cannot be an address that have no `@` or `:/`, no dot before a letter or after a `w`,
 * and are too short or have too few digits for an account. Nearly all words are such.
 */
const couldBe = (text: string, from: number, to: number): boolean => {
  let digits = 0;
  for (let i = from; i < to; i++) {
    const kind = kindAt(text, i);
    if (kind === plain) continue;
    if (kind === digit) digits++;
    else if (kind === dot) {
      const next = i + 1 < text.length ? kindAt(text, i + 1) : plain;
      if ((next !== digit && next !== apart) || (text.charCodeAt(i - 1) | 32) === 119) return true;
    } else if (kind === colon ? text.charCodeAt(i + 1) === 47 : true) return true;
  }
  return digits >= 2 && to - from >= shortestAccount;
};

const isApart = (text: string, at: number): boolean => { const code = text.charCodeAt(at); return code < 128 ? kinds[code] === apart : between.test(text[at]!); };

/** The addresses of a text, as splitAddresses finds them. */
const addressesOf = (text: string): Set<string> => {
  const found = new Set<string>();
  for (let from = 0, to = 0; to <= text.length; to++) {
    if (to < text.length && !isApart(text, to)) continue;
    if (to > from && couldBe(text, from, to)) takeAddresses(text.slice(from, to), found);
    from = to + 1;
  }
  return found;
};

/** The addresses of a text that values are looked for in: apart by one space, with one at both ends. Little longer than the text at most. */
export const addressLine = (text: string): string => ` ${[...addressesOf(joined(text))].join(' ')} `;

const mostLeading = 50;
/** Somebody's handle (`@bob`) is no address. */
const leads = (word: string): boolean => { const rest = word.replace(/^@+/, ''); return rest === word || looksLikeOne(rest); };

/** The addresses in free text that lead somewhere, each as it is compared and without its label ("Mail:"); at most 50, `cut` when there were more. */
export const addressesWithin = (text: string): { readonly found: readonly string[]; readonly cut: boolean } => {
  const all = addressesOf(joined(text));
  const found = [...all].filter((one) => leads(one) && !(one.includes(':') && all.has(one.slice(one.indexOf(':') + 1))));
  return { found: found.slice(0, mostLeading), cut: found.length > mostLeading };
};

/** What a value is looked for by: every address in it whole, and by its words where it is not addresses alone. */
export interface Sought { readonly words: string; readonly addresses: readonly string[]; readonly only: boolean }

export const soughtBy = (value: string): Sought => {
  const words = normalise(value);
  const whole = value.replace(/\s/g, '');
  // One account with spaces anywhere in it; a sentence without spaces looks like no account.
  if (account.test(whole) && /^\S{2,8}(?:\s\S{1,8})+$/.test(value.trim())) return { words, addresses: [whole.toUpperCase()], only: true };
  const { addresses, rest } = splitAddresses(value);
  return { words, addresses: [...addresses], only: addresses.size > 0 && normalise(rest) === '  ' };
};

/** A value as visited places are compared. */
export const placeOf = (value: string): string => {
  const { words, addresses, only } = soughtBy(value);
  return only ? addresses.join(' ') : addresses.length === 0 ? words : value;
};
