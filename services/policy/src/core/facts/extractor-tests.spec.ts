import { describe, expect, it } from '@jest/globals';
import type { ToolSnapshot } from '@countersign/contracts';
import { compileTool } from '../rules/compile.ts';

const tool = (tests: ToolSnapshot['tests']): ToolSnapshot => ({
  tool: 'bank.pay', tenant: 'acme', version: 1, system: 'bank', title: 'Pay', schema: {}, consequential: true, reversible: false, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'bank', resultTrust: 'record', resultFields: {}, definition: '',
  facts: { target: '[args.to]', amount: 'has(args.minor) ? args.minor : null', parts: '{"to": args.to}' }, ...(tests !== undefined && { tests }),
});

describe('a tool with tests of its extractors', () => {
  it('is compiled where they read what the tests say', () => {
    const tests = [{ name: 'a payment', arguments: { to: 'DE1', minor: 500 }, facts: { target: ['DE1'], amount: 500, parts: { to: 'DE1' } } }, { arguments: { to: 'x' }, facts: { amount: null } }, { arguments: { minor: 1 }, facts: { target: { fails: true } } }];
    expect(compileTool(tool(tests)).extractors).toHaveLength(3);
  });

  it.each([
    ['another value', { to: 'DE1', minor: 500 }, { amount: 501 }, /test 1, fact amount: it is 500 instead of 501/], ['a failing extractor', {}, { target: ['x'] }, /fact target: it fails/],
    ['an extractor that should fail', { to: 'x' }, { target: { fails: true } }, /it should fail and is/], ['a fact that no extractor makes', { to: 'x' }, { other: null }, /no such extractor/], ['a list in another order', { to: 'x' }, { parts: ['x'] }, /instead of \["x"\]/],
  ])('is no tool where one reads %s', (_, args, facts, message) => expect(() => compileTool(tool([{ arguments: args as never, facts: facts as never }]))).toThrow(message));
});
