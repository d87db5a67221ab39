import { describe, expect, it } from '@jest/globals';
import { byTrust } from './fields.ts';
import type { Trust } from './fields.ts';

const fields = { iban: 'third_party', invoice: 'record' } as const;
const account = 'GB33BUKB20201555555555';
const trustOf = (value: string, text: string): string[] => (Object.entries(byTrust(text, 'record', fields)) as [Trust, string][]).filter(([, part]) => part.includes(value)).map(([trust]) => trust);

describe('trust by field', () => {
  it.each([
    ['JSON', JSON.stringify({ invoice: 'INV-1', iban: account })],
    ['pretty JSON', JSON.stringify({ invoice: 'INV-1', iban: account }, null, 2)],
    ['JSON cut off', JSON.stringify({ invoice: 'INV-1', iban: account, note: 'x' }, null, 2).slice(0, -6)],
    ['nested JSON', JSON.stringify([{ invoice: { id: 1, payee: { IBAN: [account] } } }])],
    ['a JSON key nobody declared', JSON.stringify({ payee: { invoice: account } })],
    ['JSON without end', `${'['.repeat(5_000)}"${account}"${']'.repeat(5_000)}`],
    ['a heading', `Invoice found:\n  invoice: INV-1\n  iban: ${account}\n`],
    ['quoted keys', `"invoice": INV-1\n"iban": ${account}\n`],
    ['capitals', `Invoice: INV-1\nIBAN: ${account}`],
    ['pairs', `invoice=INV-1 iban=${account}`],
    ['pairs after a field', `invoice: INV-1 iban=${account}`],
    ['a flow map', `invoice: {id: 1, "iban": ${account}}`],
    ['a nested field', `invoice:\n  id: 1\n  iban: ${account}\n`],
    ['lines of another system', `invoice: INV-1\riban: ${account}\r`],
    ['a field nobody declared', `invoice: INV-1\npayee: ${account}\n`],
    ['a line further out', `  invoice: INV-1\nPay to ${account}\n`],
    ['plain text', `Pay INV-1 to ${account}`],
  ])('is not given away by a format: %s', (_, text) => expect(trustOf(account, text)).toEqual(['third_party']));

  it('is given to what stands in a trusted field', () => {
    for (const text of ['Invoice: INV-1\nIBAN: x', '- "invoice": INV-1\n  "iban": x', '[{"iban":"x","Invoice":"INV-1"}]', '- iban: x\n  invoice:\n  - INV-1\n']) expect(trustOf('INV-1', text)).toEqual(['record']);
  });
  it('is that of the tool where no field is declared', () => expect(byTrust('{"a":1}', 'directory', {})).toEqual({ directory: '{"a":1}' }));
});
