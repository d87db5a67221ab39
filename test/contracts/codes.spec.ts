import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errors } from '@countersign/contracts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const spoken = /(?:\brefuse|\brefused(?:<\w+>)?|\bCodedError|\bguardRefusal|\bRunFailed|\bPoisonMessage)\(\s*(?:\w+,\s*)?'([a-z]+(?:_[a-z]+)*)'/g;

/** Codes in the text of one source file, where they are written as a literal in a refusal. */
const codesOf = (text: string): string[] => [...text.matchAll(spoken)].map((match) => match[1]!);

it('every code that the source refuses with stands in errors.yaml', () => {
  const files = ['libs', 'services'].flatMap((dir) => readdirSync(root + dir, { recursive: true }).map((path) => `${dir}/${String(path)}`))
    .filter((path) => /\/src\/.*(?<!\.spec|\.d)\.ts$/.test(path) && !/\/(dist|node_modules)\//.test(path) && !path.startsWith('libs/spec/'));
  const found = files.flatMap((path) => codesOf(readFileSync(root + path, 'utf8')).map((code) => ({ path, code })));
  expect(found.length).toBeGreaterThan(50);
  expect(found.filter(({ code }) => !Object.hasOwn(errors, code))).toEqual([]);
});

it('reads codes out of the ways a refusal is written', () => {
  expect(codesOf("refuse('late', ''); refused<Code>('halted', ''); new CodedError('not_found', ''); new PoisonMessage(message, 'tombstone', '')")).toEqual(['late', 'halted', 'not_found', 'tombstone']);
});
