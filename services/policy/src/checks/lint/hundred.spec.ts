import { expect, it, jest } from '@jest/globals';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import type { Catalogue } from '../types.ts';
import { lintBundle } from './lint.ts';

jest.setTimeout(300_000);

/** Ten tools with ten rules each, no two alike. */
const catalogue: Catalogue = Array.from({ length: 10 }, (_, t) => ({
  tool: `shop.tool${t}`, system: 's', title: '', consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 's', resultTrust: 'record', resultFields: {},
  schema: { type: 'object', additionalProperties: false, required: ['to', 'minor', 'place'], properties: { to: { type: 'string' }, minor: { type: 'integer', minimum: 1, maximum: 10_000_000 }, place: { type: 'string' } } },
  facts: { target: '[args.to]', amount: 'args.minor', currency: '"EUR"', place: 'args.place' },
}));
const conditions = (n: number): string => [`amount > ${1_000 + n} && place == "p${n}"`, `!target.named && place == "p${n}" && amount > ${n}`, `run.calls > ${n + 20} && place.startsWith("p${n}-")`, `level == "high" && place in ["p${n}", "q${n}"]`][n % 4]!;
const spec: BundleSpec = {
  version: '1', permit: ['shop.*'], facts: ['place'], rules: [
    ...Array.from({ length: 100 }, (_, n) => ({ id: `r${n}`, owner: 'o', rationale: `r${n}`, tools: [`shop.tool${n % 10}`], when: conditions(n), tier: 3 as const })),
    { id: 'planted-dead', owner: 'o', rationale: 'dead', tools: ['shop.*'], when: 'amount > 5000 && amount < 4000', tier: 4 },
    { id: 'planted-shadowed', owner: 'o', rationale: 'shadowed', tools: ['shop.tool0'], when: 'amount > 9000 && place == "p0"', tier: 3 },
  ],
};

it('of 102 rules the dead one and the shadowed one are found, in seconds', async () => {
  const began = performance.now();
  const { problems, notChecked } = await lintBundle(spec, catalogue);
  const seconds = (performance.now() - began) / 1000;
  process.stderr.write(`102 rules linted in ${seconds.toFixed(1)} s\n`);
  expect({ problems: problems.map(({ kind, rule }) => `${kind} ${rule}`), notChecked }).toEqual({ problems: ['dead planted-dead', 'shadowed planted-shadowed'], notChecked: [] });
});
