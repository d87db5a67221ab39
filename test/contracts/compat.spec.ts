import { describe, expect, it } from '@jest/globals';
import * as contracts from '@countersign/contracts';
import type { Validator } from '@countersign/contracts';
import { compareAll, compareErrors, compareSchemas, compareTopics, loadPublished, report } from '../../contracts/tool/compat.mjs';
import type { SchemaFile } from '../../contracts/tool/compat.mjs';

type Node = Record<string, unknown>;
const file = (context: string, name: string, schema: Node): SchemaFile => ({ id: `countersign:/schemas/${context}/${name}.v1.schema.json`, context, name, schema });
const text = { type: 'string', maxLength: 10 };
const message: Node = {
  type: 'object', additionalProperties: false, required: ['a', 'n', 'kind', 'inner'],
  properties: { a: text, n: { type: 'integer', minimum: 0, maximum: 100 }, kind: { enum: ['x', 'y'] }, opt: { anyOf: [text, { type: 'null' }] }, tag: { const: 't' }, list: { type: 'array', maxItems: 5, items: text }, inner: { $ref: '../shared/Inner.v1.schema.json' } },
};
const inner: Node = { type: 'object', additionalProperties: false, required: ['deep'], properties: { deep: { type: 'string', maxLength: 10, pattern: '^[a-z]+$' } } };

const set = (schema: Node, path: string, value: unknown): Node => {
  const copy = structuredClone(schema);
  const keys = path.split('/');
  const at = keys.slice(0, -1).reduce<Node>((node, key) => node[key] as Node, copy);
  if (value === undefined) delete at[keys.at(-1)!]; else at[keys.at(-1)!] = value;
  return copy;
};
const compare = (context: string, after: Node, innerAfter: Node = inner) =>
  compareSchemas([file(context, 'Thing', message), file('shared', 'Inner', inner)], [file(context, 'Thing', after), file('shared', 'Inner', innerAfter)]).filter(({ path }) => path.startsWith(context));
const heard = 'runs';
const said = 'replies';

describe('an incompatible change is found at its path', () => {
  it.each<[string, string, Node, string]>([
    ['member removed', heard, set(message, 'properties/opt', undefined), '/opt'],
    ['member renamed', heard, set(set(message, 'properties/opt', undefined), 'properties/option', text), '/opt'],
    ['new required member', heard, set(set(message, 'properties/z', text), 'required', ['a', 'n', 'kind', 'inner', 'z']), '/z'],
    ['optional made required', heard, set(message, 'required', ['a', 'n', 'kind', 'inner', 'opt']), '/opt'],
    ['type changed', heard, set(message, 'properties/a', { type: 'integer' }), '/a'],
    ['enum value removed', heard, set(message, 'properties/kind', { enum: ['x'] }), '/kind'],
    ['const changed', heard, set(message, 'properties/tag', { const: 'u' }), '/tag'],
    ['bound lowered', heard, set(message, 'properties/a/maxLength', 9), '/a'],
    ['bound added', heard, set(message, 'properties/a/minLength', 1), '/a'],
    ['minimum raised', heard, set(message, 'properties/n/minimum', 1), '/n'],
    ['list shortened', heard, set(message, 'properties/list/maxItems', 4), '/list'],
    ['items narrowed', heard, set(message, 'properties/list/items/maxLength', 9), '/list/*'],
    ['null no longer accepted', heard, set(message, 'properties/opt', text), '/opt'],
    ['value of an enum where any text was', heard, set(message, 'properties/a', { enum: ['one'] }), '/a'],
    ['readers get null', said, set(message, 'properties/a/type', ['string', 'null']), '/a'],
    ['readers get a value they do not know', said, set(message, 'properties/kind', { enum: ['x', 'y', 'z'] }), '/kind'],
    ['readers miss what was always there', said, set(message, 'required', ['n', 'kind', 'inner']), '/a'],
    ['readers get a new variant', said, set(message, 'properties/opt', { anyOf: [text, { type: 'null' }, { type: 'integer' }] }), '/opt'],
    ['another pattern', heard, set(message, 'properties/a/pattern', '^x$'), '/a'],
  ])('%s', (_, context, after, path) => {
    const problems = compare(context, after);
    expect(problems.map((problem) => problem.path)).toContain(`${context}/Thing${path}`);
    expect(report(problems)).toContain('make a v2');
  });

  it('behind a $ref, at the place where it is used', () => {
    expect(compare(heard, message, set(inner, 'properties/deep/pattern', '^[a-c]+$'))).toEqual([expect.objectContaining({ path: 'runs/Thing/inner/deep' })]);
  });

  it('a removed schema', () => {
    expect(compareSchemas([file(heard, 'Gone', inner)], [])).toEqual([{ path: 'countersign:/schemas/runs/Gone.v1.schema.json', problem: 'the schema was removed or renamed' }]);
  });

  it('in codes and topics', () => {
    const { errors, topics } = loadPublished();
    const { late, ...rest } = errors;
    expect(compareErrors(errors, rest)).toEqual([expect.objectContaining({ path: 'errors/late' })]);
    expect(compareErrors(errors, { ...errors, late: { ...late!, status: 400 } })).toEqual([expect.objectContaining({ path: 'errors/late/status' })]);
    expect(compareTopics(topics, topics.slice(1))).toEqual([expect.objectContaining({ path: 'topics/runs.inbox.v1' })]);
    expect(compareTopics(topics, topics.map((topic, i) => (i === 0 ? { ...topic, partitions: 8 } : topic)))).toEqual([expect.objectContaining({ path: 'topics/runs.inbox.v1/partitions' })]);
  });
});

describe('a compatible change passes', () => {
  it.each<[string, string, Node]>([
    ['nothing changed', said, message],
    ['new optional member', said, set(message, 'properties/z', text)],
    ['other words', said, set(message, 'properties/a/description', 'new')],
    ['bound raised', heard, set(message, 'properties/a/maxLength', 11)],
    ['another value heard', heard, set(message, 'properties/kind', { enum: ['x', 'y', 'z'] })],
    ['null heard as well', heard, set(message, 'properties/a/type', ['string', 'null'])],
    ['required made optional for senders', heard, set(message, 'required', ['n', 'kind', 'inner'])],
    ['null written another way', said, set(message, 'properties/opt', { type: ['string', 'null'], maxLength: 10 })],
  ])('%s', (_, context, after) => {
    expect(compare(context, after)).toEqual([]);
  });
});

describe('what was published', () => {
  const published = loadPublished();

  it('still holds', () => {
    expect(report(compareAll(published))).toBe('');
  });

  it('every published example is still accepted', () => {
    expect(published.examples.length).toBeGreaterThan(50);
    const refused = published.examples.filter(({ type, value }) => !(contracts as unknown as Record<string, Validator<unknown>>)[`validate${type}`]!(value));
    expect(refused.map(({ type, name }) => `${type}: ${name}`)).toEqual([]);
  });
});
