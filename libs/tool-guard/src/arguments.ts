import type { Json, JsonObject } from '@countersign/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { linearPatterns } from './linear-pattern.ts';

const options = { strict: false, allErrors: false, validateFormats: false, ownProperties: true } as const;
/** Says whether a schema is one. Shared, for compiling the schema of schemas takes 50 ms; tools are compiled apart, so that no `$id` of one reaches another. */
const dialect = new Ajv2020(options);

/**
 * Compiles a tool's argument schema. Throws where it is no schema, has a pattern that could take long (linear-pattern.ts), or is open:
 * arguments nobody described would reach the tool unseen.
 * The check answers null, or what is wrong in one line.
 */
export const checkArguments = (schema: JsonObject): ((args: Json) => string | null) => {
  if (schema['additionalProperties'] !== false && schema['unevaluatedProperties'] !== false) throw new Error('the argument schema must be closed (additionalProperties: false)');
  if (dialect.validateSchema(schema as object) !== true) throw new Error(`the argument schema is none: ${dialect.errorsText()}`);
  const validate = new Ajv2020({ ...options, validateSchema: false, code: { regExp: linearPatterns } }).compile(schema as object);
  return (args) => {
    if (validate(args)) return null;
    const first = validate.errors?.[0];
    return `arguments${first?.instancePath ?? ''} ${first?.message ?? 'do not fit the schema of the tool'}`.slice(0, 500).toWellFormed();
  };
};
