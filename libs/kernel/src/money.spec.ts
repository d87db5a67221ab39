import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { moneyText, readMoney } from './money.ts';

describe('money as people write and read it', () => {
  it.each([['5000EUR', 500_000, 'EUR', '5000.00 EUR'], ['210.00EUR', 21_000, 'EUR', '210.00 EUR'], ['0.5 EUR', 50, 'EUR', '0.50 EUR'], ['5000JPY', 5_000, 'JPY', '5000 JPY'], ['1.234KWD', 1_234, 'KWD', '1.234 KWD']])(
    '%s is %d minor units of %s', (text, minor, currency, again) => {
      expect(readMoney(text)).toEqual({ minor, currency });
      expect(moneyText({ minor, currency })).toBe(again);
    });
  it.each([['5.000EUR', /2 decimals/], ['5000.0JPY', /no decimals/], ['5,000EUR', /an amount and a currency/], ['-5EUR', /an amount/], ['5eur', /an amount/], ['100000:EUR', /an amount/], ['5XYZ', /no currency/], ['999999999999999EUR', /counted/], ['', /an amount/]])(
    'does not guess at %s', (text, why) => expect(readMoney(text)).toMatch(why));
  it('reads back whatever it shows', () => fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }).filter((minor) => String(minor).length <= 15), fc.constantFrom('EUR', 'USD', 'JPY', 'KWD', 'CHF'), (minor, currency) => {
    expect(readMoney(moneyText({ minor, currency }))).toEqual({ minor, currency });
  }), { seed: 7, numRuns: 200 }));
  it('says of a currency that nobody knows that these are minor units', () => expect(moneyText({ minor: 5, currency: 'XYZ' })).toBe('5 minor units of XYZ'));
});
