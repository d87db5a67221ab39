import { expect, it } from '@jest/globals';
import type { TestsRun } from './ports.ts';
import { createStanding } from './standing.ts';

it('what the rules hold rests on tests run against the catalogue that the tools of the answer are from', async () => {
  let catalogue = 'empty';
  const ran: string[] = [];
  const run = (of: string): TestsRun => ({ passed: of === 'whole' ? 15 : 0, failed: of === 'whole' ? 0 : 15, first: of === 'whole' ? null : 'expected allow, got deny' }) as TestsRun;
  const standing = createStanding({
    current: () => ({ version: 'v1', bundle: undefined as never }), inForce: async () => ({ version: 'v1', digest: 'd', files: [] }), tool: () => undefined, sign: () => 'signed', catalogue: () => catalogue,
    runTests: async () => {
      const of = catalogue;
      ran.push(of);
      catalogue = 'whole'; // the snapshot arrives while the tests run
      return run(of);
    },
  });
  expect(await standing({ nonce: 'n', agents: [] })).toMatchObject({ tests: { passed: 15, failed: 0 } });
  expect(ran).toEqual(['empty', 'whole']);
  await standing({ nonce: 'm', agents: [] });
  expect(ran).toHaveLength(2);
});
