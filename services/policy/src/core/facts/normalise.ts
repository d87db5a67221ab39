// Letters and digits of ASCII are the 62 that everybody knows; looking for those alone is twice as fast.
const beyondAscii = /[^\x00-\x7f]/;

/**
 * Text as matching sees it: lower case, words apart by one space, a space at both ends, so that
 * ` ${value} ` is found at word borders only. Punctuation is no part of a word; `a@b.com` becomes `a b com`.
 */
export const normalise = (text: string): string => ` ${(beyondAscii.test(text)
  ? text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')
  : text.toLowerCase().replace(/[^a-z0-9]+/g, ' ')).trim()} `;

/** Normalised, cut to the text's own length (and the two spaces): NFKC can make text many times longer. */
export const bounded = (text: string): string => normalise(text).slice(0, text.length + 2);

/** Words of a normalised text. */
export const wordsOf = (normalised: string): string[] => normalised.split(' ').filter((word) => word !== '');

const money = /\d[\d,]*(?:\.\d{1,2})?/g;
const maxNumbers = 200;

/** Every number in a text as hundredths: what an amount in minor units may be compared with. The caller takes addresses and days out before. */
export const amountsIn = (text: string): number[] => {
  const found: number[] = [];
  for (const [digits] of text.matchAll(money)) {
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
  const text = value.trim();
  if (text.length > 2_000) return false;
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
