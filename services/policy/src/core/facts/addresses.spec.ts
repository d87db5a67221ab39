import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import fc from 'fast-check';
import { addressLine, addressesWithin, splitAddresses } from './addresses.ts';
import { amountsIn, isAddress, normalise } from './normalise.ts';

const piece = fc.constantFrom('a', 'W', 'www', '.', ':', '/', '://', '@', '-', "'s", '’', '*', ' ', '\n', ',', '(', '>', '|', '7', '42', 'DE', 'DE89', '3704', '0044', '0532013000', 'Mail:', 'https://', 'evil', 'example', 'co.uk', 'notes.md', '？', '＠', '。', 'ü', ' ');
const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));

describe('addresses that values are looked for in', () => {
  it('are those that looking at each word finds, whichever way the text is gone through', () => {
    fc.assert(fc.property(text, (given) => {
      expect(addressLine(given)).toBe(` ${[...splitAddresses(given).addresses].join(' ')} `);
    }), { seed: 4, numRuns: 5_000 });
  });

  it('are found in a sentence, with and without a label, and an account with its spaces', () => {
    expect(addressLine("Pay DE89 3704 0044 0532 0130 00 (see https://Bank.Example/Path/), ask Mail:Bob@A.example or www.7.de; version 1.2 of it is bob's."))
      .toBe(' DE89370400440532013000 bank.example/Path mail:bob@a.example bob@a.example www.7.de ');
  });
});

it('an account ends where words follow, whatever its check digits', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), (n) => {
    const account = `DE${String(n).padStart(20, '0')}`;
    expect(addressLine(`Pay 100.14 EUR to ${account} for INV-10014 at once.`)).toBe(` ${account} `);
  }), { seed: 4, numRuns: 2_000 });
});

it('words are those that every letter and digit of Unicode is looked for in', () => {
  const any = (given: string): string => ` ${given.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;
  fc.assert(fc.property(fc.string({ maxLength: 60, unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom('×', '–', '‑', '‗', '…', '€', 'é', '\u0301', 'ｆ', '½', ' ')) }), (given) => { expect(normalise(given)).toBe(any(given)); }), { seed: 4, numRuns: 2_000 });
});

describe('addresses in free text', () => {
  it.each<[string, string[]]>([
    ['pay to DE89 3704 0044 0532 0130 00 today', ['DE89370400440532013000']],
    ['pay to de89 3704 00440532-0130 00 today, or ＤＥ８９ ３７０４ ００４４ ０５３２ ０１３０ ００', ['DE89370400440532013000']],
    ['RE20 microphones GB33 BUKB 2020 1555 5555 55', ['GB33BUKB20201555555555']],
    ['look at Evil.example and https://a.example/b', ['evil.example', 'a.example/b']],
    ['mail bob＠evil.example', ['bob＠evil.example']],
    ['Mail:bob@a.example', ['bob@a.example']],
    ['tell @bob that notes.md, v1.2 and 3.5 km are fine, e.g. RE20 microphones in 2024', []],
  ])('of %s', (text, found) => { expect(addressesWithin(text)).toEqual({ found, cut: false }); });

  it('are at most 50', () => { expect(addressesWithin(Array.from({ length: 60 }, (_, n) => `a${n}.example`).join(' '))).toMatchObject({ cut: true, found: { length: 50 } }); });

  it('are addresses in full width too', () => { expect(['bob＠evil.example', 'ｅｖｉｌ．example', 'DE89370400440532013000'].map(isAddress)).toEqual([true, true, true]); });
});

describe('amounts in an instruction', () => {
  it.each<[string, number[]]>([
    ['Pay 98.70 to X, then $50 and 7EUR, (3) and 1,234.50.', [9870, 5000, 700, 300, 123450]],
    ['the invoices of 2024 and 1999', []],
    ['2024 EUR, $2025, USD 2026 or 2027 dollars', [202400, 202500, 202600, 202700]],
    ['bill-december-2023.txt, report_98.pdf, INV-1043, v1.2.3, #42, at 10:30, the 3rd, 50%, 24h, 1/2', []],
  ])('are those of %s', (text, found) => { expect(amountsIn(text)).toEqual(found); });

  it('take no longer for what was written to take long', () => {
    const started = cpuMs();
    for (const evil of [`1${','.repeat(60_000)}x`, '1-'.repeat(30_000), '9'.repeat(60_000)]) amountsIn(evil);
    expect(cpuMs() - started).toBeLessThan(1_000);
  });
});
