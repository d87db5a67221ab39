import { describe, expect, it } from '@jest/globals';
import { validateDelegation } from '@countersign/contracts';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { builtInTools } from '@countersign/kernel';

const least = { agent: 'payer', scope: 'ledger.*', instruction: 'Look it up.', calls: 1, seconds: 60 };

describe('the tool by which agents delegate', () => {
  const check = checkArguments(builtInTools['countersign.delegate'].schema as never);
  it.each<[string, object, boolean]>([
    ['the least', {}, true], ['money and a result', { money: { minor: 1, currency: 'EUR' }, resultSchema: { type: 'object' } }, true],
    ['no scope, which would be all', { scope: '' }, false], ['no calls', { calls: 0 }, false], ['money without a currency', { money: { minor: 1 } }, false], ['what nobody declared', { more: 1 }, false],
  ])('takes and refuses what its contract does: %s', (_, change, taken) => {
    const args = { ...least, ...change };
    expect([check(args as never) === null, validateDelegation(args)]).toEqual([taken, taken]);
  });
});
