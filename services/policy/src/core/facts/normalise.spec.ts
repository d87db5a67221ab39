import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import fc from 'fast-check';
import { emptyContext, withInstruction } from './context.ts';
import { addressesIn, isAddress, normalise, sentencesOf } from './normalise.ts';

describe('addresses in free text', () => {
  it('are found whole: e-mail, page, account', () => {
    expect(addressesIn('Write to x.y+z@mail.example.org, see https://a.example/b?c or www.d.example and pay DE89370400440532013000.').found)
      .toEqual(['x.y+z@mail.example.org', 'https://a.example/b?c', 'www.d.example', 'DE89370400440532013000']);
  });

  it('are looked for in one walk, however long a word grows that never becomes one', () => {
    expect(addressesIn('a'.repeat(250_000)).found).toEqual([]);
    expect(addressesIn(`${'a.'.repeat(100_000)}@`).found).toEqual([]);
    expect(addressesIn(`${'a'.repeat(100_000)}@b.example`).found).toHaveLength(1);
  });

  it('are found wherever they stand', () => {
    fc.assert(fc.property(fc.constantFrom('', ' ', '(', ', ', '\n', '"'), fc.emailAddress().filter((mail) => /^[\w.+-]+@[\w.-]+$/.test(mail)), (before, mail) => {
      expect(addressesIn(`see${before === '' ? ' ' : before}${mail} there`).found).toContain(mail);
      expect(isAddress(mail)).toBe(true);
    }), { seed: 20_261_121, numRuns: 200 });
  });
});

describe('normalised text', () => {
  it('has words apart by one space and a space at both ends, whatever stands between them', () => {
    expect([normalise('A@b.COM'), normalise(''), normalise(' \n ﬁne ')]).toEqual([' a b com ', '  ', ' fine ']);
  });

  it('is the same of ASCII in one pass as by its definition, however long', () => {
    const text = fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: fc.constantFrom('a', 'Z', '9', ' ', '.', '\n') }), fc.string({ unit: 'binary-ascii', minLength: 4_090, maxLength: 4_100 }));
    fc.assert(fc.property(text, (one) => { expect(normalise(one)).toBe(` ${one.toLowerCase().replace(/[^a-z0-9]+/g, ' ').trim()} `); }), { seed: 20_261_121, numRuns: 300 });
  });
});

describe('the sentences of an instruction', () => {
  it('end at marks before a space, and at lines', () => expect(sentencesOf('Pay a.b@x.org 1.50!? Now;\n\nthen... stop').map((one) => one.text)).toEqual([' pay a b x org 1 50 ', ' now ', ' then ', ' stop ']));
  it('are found in one walk, however long a run of marks that ends none', () => {
    const started = cpuMs();
    expect(sentencesOf(`${'!'.repeat(64_000)}x`)).toHaveLength(1);
    expect(cpuMs() - started).toBeLessThan(1_000);
  });
  it('never outgrow what was said', () => {
    const said = `pay ${'\uFDFA'.repeat(16_000)}`;
    const context = withInstruction(emptyContext, said);
    expect(context.instruction.length).toBeLessThanOrEqual(said.length + 2);
    expect(context.sentences.reduce((sum, one) => sum + one.text.length, 0)).toBeLessThanOrEqual(said.length + 2);
    expect(context.cut).toBe(true);
  });
});
