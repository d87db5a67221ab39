import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { errors, signers, topics } from '@countersign/contracts';
import { generate } from '../../contracts/tool/generate.mjs';
import { loadSchemas } from '../../contracts/tool/load.mjs';
import { checkTable, loadErrors, loadTopics } from '../../contracts/tool/tables.mjs';

type Node = { readonly [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Places where something of any size would be let in. Free JSON is bounded where it is parsed. */
const unbounded = (node: unknown, path: string): string[] => {
  if (!isNode(node)) return [];
  const types = [node['type']].flat();
  // One of a few is bounded by them.
  const missing = (type: string, ...keys: string[]) => (types.includes(type) && node['enum'] === undefined && keys.some((key) => node[key] === undefined) ? [`${path}: ${type} without ${keys.join(' and ')}`] : []);
  const open = types.includes('object') && node['oneOf'] === undefined && node['additionalProperties'] !== false && node['maxProperties'] === undefined ? [`${path}: open object`] : [];
  const below = Object.entries(node).filter(([key]) => key !== 'propertyNames').flatMap(([key, value]) =>
    Array.isArray(value) ? value.flatMap((one, i) => unbounded(one, `${path}/${key}/${i}`)) : unbounded(value, `${path}/${key}`));
  return [...missing('string', 'maxLength'), ...missing('array', 'maxItems', 'items'), ...missing('integer', 'minimum', 'maximum'), ...missing('number', 'minimum', 'maximum'), ...open, ...below];
};

describe('generated', () => {
  it.each(Object.entries(generate()))('%s is what its sources give', (name, text) => {
    expect(readFileSync(new URL(`../../contracts/generated/${name}`, import.meta.url), 'utf8') === text).toBe(true);
  });

  it('needs nothing at run time but ajv\'s runtime helpers', () => {
    const imports = [...generate()['validators.ts']!.matchAll(/^import .* from '(.+)';$/gm)].map((match) => match[1]!);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((path) => !path.startsWith('ajv/dist/runtime/') && !path.startsWith('ajv-formats'))).toEqual([]);
  });
});

describe('schemas', () => {
  it('bound every text, list, number and object', () => {
    expect(loadSchemas().flatMap((entry) => unbounded(entry.schema, `${entry.context}/${entry.name}`))).toEqual([]);
    expect(unbounded({ type: ['string', 'null'] }, 'x')).toEqual(['x: string without maxLength']);
    expect(unbounded({ type: 'object', properties: { a: { type: 'array', items: {} } } }, 'x')).toHaveLength(2);
  });
});

describe('tables', () => {
  it('every code of the published vocabulary has words and a status', () => {
    expect(Object.keys(errors)).toEqual(Object.keys(loadErrors()));
    expect(errors.seq_gap).toMatchObject({ status: 409, retryable: true });
  });

  it('a signer is named for every type that a service says into the inbox or a snapshot', () => {
    const missing = loadTopics().filter((topic) => topic.compacted || topic.name === 'runs.inbox.v1').flatMap((topic) => topic.writers).filter(({ who, key }) => who !== 'runtime' && who !== 'tool guards' && key === null);
    expect(missing).toEqual([]);
    expect(signers['countersign.runs.resolved.v1']).toEqual(['approvals']);
    expect(signers['countersign.runs.proposed.v1']).toBeUndefined();
  });

  it('governed holds the inbox message and the decision, dead letters more than their source', () => {
    expect(topics['runs.governed.v1'].maxMessageBytes).toBeGreaterThan(topics['runs.inbox.v1'].maxMessageBytes);
    expect(topics['runs.inbox-dead.v1'].maxMessageBytes).toBeGreaterThan(topics['runs.inbox.v1'].maxMessageBytes);
  });

  it('a wrong table is refused with its place', () => {
    const good = loadTopics();
    expect(() => checkTable('topics', { topics: [{ ...good[0]!, partitions: 0 }] })).toThrow(/topics\/topics\/0\/partitions/);
    expect(() => checkTable('topics', { topics: [good[0]!, good[0]!] })).toThrow(/twice/);
    expect(() => checkTable('topics', { topics: good.map((topic) => (topic.name === 'runs.inbox-dead.v1' ? { ...topic, maxMessageBytes: 2048 } : topic)) })).toThrow(/smaller size limit/);
    expect(() => checkTable('errors', { errors: { late: { status: 408 } } })).toThrow(/retryable/);
  });
});
