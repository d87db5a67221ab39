import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressLine, splitAddresses } from './addresses.ts';
import { normalise } from './normalise.ts';

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

it('words of ASCII text are those of any text', () => {
  const any = (given: string): string => ` ${given.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (given) => { expect(normalise(given)).toBe(any(given)); }), { seed: 4, numRuns: 2_000 });
});
