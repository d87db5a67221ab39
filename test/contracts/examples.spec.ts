import { describe, expect, it } from '@jest/globals';
import * as contracts from '@countersign/contracts';
import type { ValidationError, Validator } from '@countersign/contracts';
import { isNamed, loadSchemas } from '../../contracts/tool/load.mjs';

const validatorOf = (name: string): Validator<unknown> => {
  const found = (contracts as unknown as Record<string, Validator<unknown> | undefined>)[`validate${name}`];
  if (!found) throw new Error(`no validator for ${name}: generate again`);
  return found;
};

/** Where it failed: for a missing or unknown member, the member itself. */
const placeOf = (error: ValidationError): string => {
  const member = error.params['missingProperty'] ?? error.params['additionalProperty'];
  return typeof member === 'string' ? `${error.instancePath}/${member}` : error.instancePath;
};

describe.each(loadSchemas().filter(isNamed).map((entry) => [`${entry.context}/${entry.name}`, entry] as const))('%s', (_, entry) => {
  const validate = validatorOf(entry.name);

  it('has at least one valid example', () => {
    expect(entry.examples?.valid.length ?? 0).toBeGreaterThan(0);
  });

  it.each((entry.examples?.valid ?? []).map((example) => [example.name, example] as const))('accepts: %s', (_name, { value }) => {
    expect({ ok: validate(value), errors: validate.errors }).toEqual({ ok: true, errors: null });
  });

  // Anything at all is a Json: nothing to refuse there.
  const invalid = entry.name === 'Json' ? [] : entry.examples?.invalid ?? [];
  if (entry.name !== 'Json') it('has an example that is refused', () => expect(invalid.length).toBeGreaterThan(0));
  if (invalid.length > 0) it.each(invalid.map((example) => [example.name, example] as const))('refuses: %s', (_name, { value, path }) => {
    expect(validate(value)).toBe(false);
    expect(placeOf(validate.errors![0]!)).toBe(path);
  });
});
