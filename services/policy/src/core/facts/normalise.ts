// Letters and digits of ASCII are the 62 that everybody knows; looking for those alone is twice as fast. Signs that printed text has in between are none.
const beyondAscii = /[^\x00-\x7f]/;
const printers = /[×\u2010-\u201f•…€]/g;

/**
 * Text as matching sees it: lower case, words apart by one space, a space at both ends, so that
 * ` ${value} ` is found at word borders only. Punctuation is no part of a word; `a@b.com` becomes `a b com`.
 */
export const normalise = (text: string): string => (text.length <= longestPlain ? plainly(text) : undefined) ?? anyhow(text);

const anyhow = (text: string): string => {
  const plain = beyondAscii.test(text) ? text.replace(printers, ' ') : text;
  const apart = beyondAscii.test(plain) ? text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ') : plain.toLowerCase().replace(/[^a-z0-9]+/g, ' ');
  return ` ${apart.trim()} `;
};

const longestPlain = 4_096, space = 32;
const letters = new Uint8Array(longestPlain + 2);
/** What stands for each of the first 128 characters: a small letter or digit, or 0 for what is between words. */
const inWords = Uint8Array.from({ length: 128 }, (_, code) => (/[a-z0-9]/i.test(String.fromCharCode(code)) ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : 0));

/** The same for ASCII in one pass, which takes half the time: nearly every text is, and each result that a run reads comes here. Undefined where it is not. */
const plainly = (text: string): string | undefined => {
  letters[0] = space;
  let end = 1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return undefined;
    const letter = inWords[code]!;
    if (letter !== 0) letters[end++] = letter;
    else if (letters[end - 1] !== space) letters[end++] = space;
  }
  if (end === 1 || letters[end - 1] !== space) letters[end++] = space;
  return String.fromCharCode.apply(null, letters.subarray(0, end) as unknown as number[]);
};

/** Normalised, cut to the text's own length (and the two spaces): NFKC can make text many times longer. */
export const bounded = (text: string): string => normalise(text).slice(0, text.length + 2);

/** Words of a normalised text. */
export const wordsOf = (normalised: string): string[] => normalised.split(' ').filter((word) => word !== '');

/** A number that stands by itself, with a currency at it or not: no part of a name, a time, a share, a version or a range. */
const money = /(?<![\p{L}\p{N}_#]|[\p{L}\p{N}_)][-–.,:/\\])\d[\d,]*(?:\.\d{1,2})?(?![\p{N}_%]|[-–.,:/\\]{1,3}[\p{L}\p{N}_]|(?![A-Z]{3}(?![\p{L}\p{N}_]))\p{L})/gu;
const year = /^(?:19|20)\d\d$/;
const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
const currencyName = /^(?:euros?|dollars?|pounds?|francs?|crowns?|yen|bucks)$/i;
const isCurrency = (word: string | undefined): boolean => word !== undefined && (currencies.has(word) || currencyName.test(word) || /^\p{Sc}/u.test(word));
const maxNumbers = 200;
const nextTo = 12;

/** Every number in a text as hundredths: what an amount in minor units may be compared with. A lone year counts only with a currency beside it. The caller takes addresses and days out before. */
export const amountsIn = (text: string): number[] => {
  const found: number[] = [];
  for (const { 0: digits, index } of text.matchAll(money)) {
    const end = index + digits.length;
    if (year.test(digits) && !isCurrency(/(\p{Sc}|\p{L}+)\s?$/u.exec(text.slice(Math.max(0, index - nextTo), index))?.[1]) && !isCurrency(/^\s?(\p{Sc}|\p{L}+)/u.exec(text.slice(end, end + nextTo))?.[1])) continue;
    const minor = Math.round(Number(digits.replaceAll(',', '')) * 100);
    if (Number.isSafeInteger(minor)) found.push(minor);
    if (found.length >= maxNumbers) break;
  }
  return found;
};

// An address begins where a word begins: tried at every letter, a long text without @ would take the square of its length.
const addresses = /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:https?:\/\/|www\.)[^\s"'<>)\]]+|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/gi;
const maxAddresses = 50;

/** E-mail addresses, URLs and IBANs in free text; at most 50, `cut` when there were more. */
export const addressesIn = (text: string): { readonly found: readonly string[]; readonly cut: boolean } => {
  const found = (text.match(addresses) ?? []) as string[];
  return { found: found.slice(0, maxAddresses), cut: found.length > maxAddresses };
};

const domain = /^(?:https?:\/\/)?(?:[\w-]+\.)+([a-z]{2,})(?:[:/?#]\S*)?$/i;
const fileEnding = /^(?:txt|md|docx?|pdf|csv|xlsx?|pptx?|json|ya?ml|xml|html?|zip|png|jpe?g|gif|svg|py|js|ts|log|ini|cfg|sql|eml|ics|rtf|odt)$/i;

/** Whether a value as a whole is an address that leads somewhere: an e-mail address, URL, domain or IBAN. `notes.md` is a file, `www.notes.md` no. */
export const isAddress = (value: string): boolean => {
  if (value.length > 2_000) return false;
  const text = value.normalize('NFKC').trim();
  const found = domain.exec(text);
  if (found !== null && (!fileEnding.test(found[1]!) || /^(?:https?:|www\.)|\.\w+\//i.test(text))) return true;
  return addressesIn(text).found.some((one) => one.length === text.length);
};

/** A sentence or line of an instruction; `addressed`: it gives an address itself. */
export interface Sentence { readonly text: string; readonly addressed: boolean }
const maxSentences = 500;

/** Sentences and lines of a text, each normalised; a dot inside an address or a number ends none. At most 500. */
export const sentencesOf = (text: string): Sentence[] =>
  // A run of marks is tried from its first only: tried from each, a long run would take the square of its length.
  text.split(/(?<![.!?;])[.!?;]+(?=\s|$)|\n+/, maxSentences).map((sentence) => ({ text: bounded(sentence), addressed: addressesIn(sentence).found.length > 0 })).filter((sentence) => sentence.text !== '  ');
