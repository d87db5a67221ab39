import { describe, expect, it } from '@jest/globals';
import { compileTool } from '../rules/compile.ts';
import { emptyContext, withResult } from './context.ts';

const mail = compileTool({ tool: 'mail.read', tenant: 'acme', version: 1, system: 'mail', title: '', schema: {}, consequential: false, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'mail', facts: {}, resultTrust: 'third_party', resultFields: {}, definition: '' });
const read = (resultText: string) => withResult(emptyContext, { tool: mail, action: 'a1', resultText, trusted: true });

describe('what a run remembers of a result', () => {
  it('is the whole of it, where normalising does not lengthen it', () => expect(read('Hello, Bob!')).toMatchObject({ cut: false, sources: [{ text: ' hello bob ', trust: 'third_party' }] }));
  it('is never longer than what was returned, though one sign of it may become eighteen, and says that it was cut', () => {
    const text = '\u{fdfa}'.repeat(10_000);
    expect(text.normalize('NFKC').length).toBe(180_000);
    const { sources, cut } = read(text);
    expect(sources[0]!.text.length).toBeLessThanOrEqual(text.length + 2);
    expect(cut).toBe(true);
  });
});
