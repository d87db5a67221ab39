import { replaceAccounts } from './facts/accounts.ts';
import { replaceLinks } from './facts/addresses.ts';

/** What can be taken out of a text. */
export type Redaction = 'emails' | 'links' | 'accounts' | 'digits';

const marks = { emails: '[e-mail removed]', links: '[link removed]', accounts: '[account removed]' } as const;
const links = /\b(?:https?:\/\/|www\.)[^\s"'<>)\]]+/gi;

/** Takes e-mail addresses, web addresses (bare domains too), account numbers (IBAN, however they are spaced) or decimal digits (each becomes `#`) out of a text. The same again changes nothing. */
export const redactText = (text: string, what: Redaction): string => {
  switch (what) {
    case 'emails': return withoutEmails(text);
    case 'links': return replaceLinks(text.replace(links, marks.links), marks.links);
    case 'accounts': return replaceAccounts(text, () => marks.accounts);
    case 'digits': return text.replace(/\p{Nd}/gu, '#');
  }
};

const local = /[\p{L}\p{N}._%+'-]/u;
const domain = /[\p{L}\p{N}.．。｡-]/u;
const dot = /[.．。｡]/;
const ats = /[@＠﹫]/g;

/** By each `@`, of whatever width, outwards: a pattern that begins at every letter would look at the same letters again and again. */
const withoutEmails = (text: string): string => {
  let out = '';
  let done = 0;
  for (const { index: at } of text.matchAll(ats)) {
    if (at < done) continue;
    let from = at, to = at + 1;
    while (from > done && local.test(text[from - 1]!)) from--;
    while (to < text.length && domain.test(text[to]!)) to++;
    while (to > at + 1 && !/[\p{L}\p{N}]/u.test(text[to - 1]!)) to--;
    if (from === at || !dot.test(text.slice(at + 1, to))) continue;
    out += text.slice(done, from) + marks.emails;
    done = to;
  }
  return out + text.slice(done);
};
