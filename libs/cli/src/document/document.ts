import { existsSync, readFileSync, statSync } from 'node:fs';
import { readYaml } from '@countersign/service-host/yaml-document';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { CannotRun } from '../errors.ts';
import { inertLine } from '../people/inert.ts';
import { fieldLines, placeAt, takes } from './fields.ts';
import { absolute, baseOf, schemaOf, validatorOf } from './schemas.ts';
import type { Schema } from './schemas.ts';

/** A kind of file that people write and give to a command. */
export interface DocumentKind {
  /** Context and name in contracts/schemas: `registry/RoleDefinition`. */
  readonly schema: string;
  /** Where only some of its fields are written by people: those that must be there, and those that may. */
  readonly only?: { readonly needed: readonly string[]; readonly also: readonly string[] };
  /** YAML to begin with; it fits. */
  readonly example: string;
  /** What else there is to know. */
  readonly notes?: string;
}

const mostBytes = 512 * 1024, mostSaid = 20;

const schemaFor = ({ schema: name, only }: DocumentKind): Schema => {
  const whole = schemaOf(name);
  if (only === undefined) return whole;
  const properties = whole['properties'] as Readonly<Record<string, Schema>>;
  return { ...whole, required: only.needed, properties: Object.fromEntries([...only.needed, ...only.also].flatMap((field) => (properties[field] === undefined ? [] : [[field, properties[field]]]))) };
};

/** Every field with its values, and an example: what --help says of a file. */
export const documentHelp = (kind: DocumentKind, command: string): string => [
  'FILE is YAML or JSON:', ...fieldLines({ schema: schemaFor(kind), base: baseOf(kind.schema) }), ...(kind.notes === undefined ? [] : [kind.notes]),
  `An example (${command} --example prints it alone, to be edited):`, '', ...kind.example.trimEnd().split('\n').map((line) => `    ${line}`),
].join('\n');

/**
 * A document as it was typed, or out of a file: YAML or JSON, checked against its schema.
 * @param command what to type for help about it: `countersign role put`
 * @throws CannotRun with every place that is wrong, by line, and what was expected there
 */
export const readDocument = <T>(given: string, kind: DocumentKind, command: string): T => {
  const inline = given.trimStart().startsWith('{');
  if (!inline && !existsSync(given)) throw new CannotRun(`There is no file ${given}. ${command} --example > ${given.endsWith('.json') ? 'FILE.yaml' : given} writes one to begin with.`);
  if (!inline && !statSync(given).isFile()) throw new CannotRun(`${given} is no file.`);
  if (!inline && statSync(given).size > mostBytes) throw new CannotRun(`${given} is larger than ${mostBytes} bytes.`);
  const text = inline ? given : readFileSync(given, 'utf8'), name = inline ? 'the text given' : given;
  const { value, problems, where } = readYaml(text);
  const at = (line: number): string => (inline ? name : `${name}:${line}`);
  const fail = (problems: readonly string[]): never => {
    throw new CannotRun([...problems.slice(0, mostSaid), ...(problems.length > mostSaid ? [`… and ${problems.length - mostSaid} more`] : []), `→ ${command} --help names every field and what it takes; ${command} --example prints a file that fits.`].map(inertLine).join('\n'));
  };
  if (problems.length > 0) fail(problems.map(({ line, why }) => `${at(line)}: this is neither YAML nor JSON that is taken here: ${why}`));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail([`${at(1)}: fields with values are expected here (title: …), not ${Array.isArray(value) ? 'a list' : 'a single value'}`]);
  const schema = schemaFor(kind), base = baseOf(kind.schema), fits = validatorOf(absolute(schema, base) as Schema);
  if (!fits(value)) fail(problemsOf(fits.errors ?? []).map((error) => `${at(where(pathOf(error)).line)}: ${sentence(error, kind)}`));
  return value as T;
};

/** Where it stands, as `where` reads it; of a field that should not be there, the field. */
const pathOf = (error: ErrorObject): string => {
  const path = error.instancePath.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const all = error.keyword === 'additionalProperties' ? [...path, (error.params as { additionalProperty: string }).additionalProperty] : path;
  return all.map((step, i) => (/^\d+$/.test(step) ? `[${step}]` : `${i === 0 ? '' : '.'}${step}`)).join('');
};

/** One problem for each place: where a value may be one of several things, what the branches say of it is noise. */
const problemsOf = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const loud = (error: ErrorObject): boolean => !['anyOf', 'oneOf', 'if', 'propertyNames'].includes(error.keyword) && !(error.keyword === 'type' && error.params['type'] === 'null' && errors.some((other) => other !== error && other.instancePath.startsWith(error.instancePath) && other.keyword !== 'anyOf'));
  const told = errors.filter(loud);
  const seen = new Set<string>();
  return (told.length === 0 ? errors : told).filter((error) => {
    const key = ['required', 'additionalProperties'].includes(error.keyword) ? `${error.instancePath} ${JSON.stringify(error.params)}` : error.instancePath;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
};

const sentence = (error: ErrorObject, kind: DocumentKind): string => {
  const root = { schema: schemaFor(kind), base: baseOf(kind.schema) };
  const path = error.instancePath.split('/').slice(1), where = pathOf(error);
  const field = (name: string): string => { const place = placeAt(root, [...path, name]); const told = place === undefined ? '' : takes(place); return told === '' || told === 'with' ? '' : ` (${told})`; };
  const params = error.params as Readonly<Record<string, string>>;
  if (error.keyword === 'required') return `${where === '' ? '' : `${where}: `}${params['missingProperty']} is missing${field(params['missingProperty']!)}`;
  const within = placeAt(root, path);
  if (error.keyword === 'additionalProperties') return `${where}: there is no such field; known are ${fieldLines(within ?? root).filter((line) => /^ {2}\S/.test(line)).map((line) => line.trim().split(/[ :]/)[0]).join(', ')}`;
  if (error.keyword === 'maxItems' || error.keyword === 'minItems' || error.keyword === 'minProperties') return `${where || 'the document'} ${error.message}`;
  return `${where || 'the document'}: expected ${within === undefined || takes(within) === 'with' ? error.message ?? 'something else' : takes(within)}`;
};
