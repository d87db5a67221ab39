import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import fc from 'fast-check';
import { contains } from './contains.ts';
import { emptyContext, withInstruction, withResult } from './context.ts';
import { provenanceIn, provenanceOf } from './provenance.ts';

const told = (text: string) => withInstruction(emptyContext, text);
const page = { name: 'web.read', snapshot: { resultTrust: 'third_party', resultFields: {}, consequential: false } } as never;
const book = { name: 'book.read', snapshot: { resultTrust: 'directory', resultFields: {}, consequential: false } } as never;

describe('an address', () => {
  const mail = told('Write a mail with the price list to info@acme.co.uk and tell them about www.our-company.com/report.');

  it.each(['info@acme.co', 'info@acme-co.uk', 'price-list@to.info', 'list@to-info.acme.co', 'info@acme\u{1F4A5}.co.uk', 'info@acme\u0335.co.uk', 'info＠acme.co.uk', 'www.our-company.com.report',
    'www.our-company\u{1F4A5}.com/report', 'our-company.com', 'the price list to info@acme.co', 'info@acme.co.uk, price-list@to.info'])('is not named by its words: %s', (value) => expect(provenanceOf(value, mail).trust).toBe('nowhere'));

  it.each(['info@acme.co.uk', 'INFO@Acme.co.uk', 'www.our-company.com/report', 'https://www.our-company.com/report/', 'price list to info@acme.co.uk'])('is named whole: %s', (value) => expect(provenanceOf(value, mail).trust).toBe('instruction'));

  it('is found in an account with or without spaces', () => {
    for (const says of ['Pay DE89 3704 0044 0532 0130 00 now', 'Pay DE89370400440532013000.']) for (const value of ['DE89370400440532013000', 'DE89 3704 0044 0532 0130 00']) expect(provenanceOf(value, told(says)).trust).toBe('instruction');
    expect(provenanceOf('DE8937040044053201300', told('Pay DE89370400440532013000')).trust).toBe('nowhere');
  });

  it('must stand whole in a trusted result; in what strangers wrote its words make it doubtful', () => {
    const read = (tool: never) => withResult(told('Write to them'), { tool, action: 'a', resultText: 'Sales: "info@acme.co.uk"', trusted: true });
    expect(provenanceOf('info@acme.co.uk', read(book)).trust).toBe('directory');
    expect(provenanceOf('info@acme-co.uk', read(book)).trust).toBe('nowhere');
    expect(provenanceOf('info@acme-co.uk', read(page)).trust).toBe('third_party');
  });
});

describe('amounts', () => {
  it('are not digits of accounts, addresses or days', () => {
    expect(told('Pay the bill of 98.70 from 12 March 2026 (2026-03-14) to GB29 NWBK 6016 1331 9268 19, see www.a.example/550.').amounts).toEqual([9870]);
  });
});

describe('the work of one proposal', () => {
  it('ends where it would be too much', () => {
    const long = [0, 1, 2, 3].reduce((context) => withResult(context, { tool: page, action: 'a', resultText: 'a '.repeat(32_768), trusted: true }), told('Read'));
    const origin = provenanceIn(long);
    const found = Array.from({ length: 400 }, (_, i) => origin(`nothing ${i}`));
    expect(found.slice(0, 60)).not.toContain(undefined);
    expect(found.at(-1)).toBeUndefined();
    expect(origin('nothing 1')).toEqual({ trust: 'nowhere', from: null });
  });

  it('grows with what was read, whatever it is', () => {
    const started = cpuMs();
    for (const unit of ['.', 'a.', '@', 'a@', '-.']) withResult(told('Read'), { tool: page, action: 'a', resultText: `${unit.repeat(100_000)}~`, trusted: true });
    expect(cpuMs() - started).toBeLessThan(3_000);
  });

  it('finds long values as includes does', () => {
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 200 }).map((all) => all.join(''));
    fc.assert(fc.property(text, fc.nat(), fc.nat(60), text, (where, at, length, other) => {
      for (const part of [where.slice(at % (where.length + 1)).slice(0, length), other.slice(0, 40)]) expect(contains(where, part)).toBe(where.includes(part));
    }), { seed: 7, numRuns: 500 });
  });
});
