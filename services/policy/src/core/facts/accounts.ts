/** An account number (IBAN, ISO 13616) as people write it, with what stands right behind it: groups of any length, letters of either case or full width. */
const written = /[A-Za-zＡ-Ｚａ-ｚ]{2}[0-9０-９]{2}(?:[\s\p{Cf}./–-]?[A-Za-z0-9Ａ-Ｚａ-ｚ０-９]){11,30}/gu;
const character = /[\p{L}\p{N}]/u;
const byFours = /^[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?$/;
const inOne = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
const shortest = 15;

/** The check digits of ISO 7064: the number with its first four characters at its end is 1 modulo 97. */
const checks = (account: string): boolean => {
  let rest = 0;
  for (let i = 0; i < account.length; i++) {
    const code = account.charCodeAt((i + 4) % account.length);
    rest = code > 57 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97;
  }
  return rest === 1;
};

const isPart = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code > 127 && character.test(String.fromCharCode(code)));

/** The account that begins here and where it ends, at the end of a word: the last place at which its check digits fit, else one that looks like it all the same. */
const accountIn = (found: string, next: string): { readonly number: string; readonly end: number } | undefined => {
  let number = '';
  let looks: { readonly number: string; readonly end: number } | undefined, fits: typeof looks;
  for (let end = 1, digits = 0; end <= found.length; end++) {
    const code = found.charCodeAt(end - 1);
    if (!isPart(code)) { digits = 0; continue; }
    if (code < 58 || code > 127) digits++;
    number += code < 128 ? found[end - 1]! : found[end - 1]!.normalize('NFKC');
    if (number.length < shortest || isPart(end < found.length ? found.charCodeAt(end) : next.charCodeAt(0))) continue;
    // Behind a whole account words follow ("… for invoice"); one in 97 would make its check digits fit again.
    if ((fits ?? looks) !== undefined && digits === 0) break;
    const account = number.toUpperCase();
    if (checks(account)) fits = { number: account, end };
    else if ((end === number.length && inOne.test(number)) || byFours.test(found.slice(0, end))) looks = { number, end };
  }
  return fits ?? looks;
};

/** Puts `by` of each account, without what stands between its characters, in its place. One that begins inside another's beginning is found too. */
export const replaceAccounts = (text: string, by: (account: string) => string): string => {
  let out = '';
  let done = 0;
  written.lastIndex = 0;
  for (let match = written.exec(text); match !== null; match = written.exec(text)) {
    const { 0: found, index } = match;
    const account = index > 0 && isPart(text.charCodeAt(index - 1)) ? undefined : accountIn(found, text[index + found.length] ?? ' ');
    written.lastIndex = index + (account?.end ?? 2);
    if (account === undefined) continue;
    out += text.slice(done, index) + by(account.number);
    done = index + account.end;
  }
  return done === 0 ? text : out + text.slice(done);
};
