// Compares the contracts with what was published (contracts/published/v1). `node contracts/tool/compat.mjs` fails on an incompatible change.
// Two promises. Whoever sends us what was valid is still accepted, and so is every record ever written. Whoever reads what we say finds what the
// published schema promised: what was required stays, no new type, null or enum value. New optional members are allowed: readers are upgraded first.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { contractsDir, loadSchemas, resolveRef } from './load.mjs';
import { loadErrors, loadTopics } from './tables.mjs';

const remedy = 'leave v1 as it is and make a v2 beside it';
const silent = new Set(['$schema', '$id', '$defs', 'title', 'description', 'x-ts-type', '$comment', 'discriminator', 'examples']);
const uppers = ['maxLength', 'maxItems', 'maxProperties', 'maximum'];
const lowers = ['minLength', 'minItems', 'minProperties', 'minimum'];
const handled = new Set([...silent, ...uppers, ...lowers, 'type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'oneOf', '$ref']);

/** Only others send these; everything else is (also) read by others or from history. */
const onlyHeard = (entry) => entry.context === 'runs' || entry.name.endsWith('Request');

/** @returns {{path: string, problem: string}[]} what breaks somebody, for schema files as `{id, context, name, schema}` */
export const compareSchemas = (before, after) => {
  const old = { byId: new Map(before.map((entry) => [entry.id, entry])) };
  const now = { byId: new Map(after.map((entry) => [entry.id, entry])) };
  return before.filter((entry) => entry.name !== 'Definitions').flatMap((entry) => {
    const current = now.byId.get(entry.id);
    if (!current) return [{ path: entry.id, problem: 'the schema was removed or renamed' }];
    const found = [];
    const context = { old, now, readers: !onlyHeard(entry), report: (path, problem) => found.push({ path: `${entry.context}/${entry.name}${path}`, problem }), open: new Set() };
    compareNode({ node: entry.schema, from: entry.id }, { node: current.schema, from: current.id }, '', context);
    return found;
  });
};

/** Follows $refs; what stands beside a $ref counts too. */
const settle = ({ node, from }, { byId }) => {
  while (node !== true && node.$ref) {
    const target = resolveRef(from, node.$ref, byId);
    const { $ref, ...beside } = node;
    node = { ...target.node, ...beside };
    from = target.id;
  }
  return { node: node === true ? {} : node, from };
};

const keywordsOf = { string: ['maxLength', 'minLength', 'pattern', 'format'], array: ['items', 'maxItems', 'minItems', 'uniqueItems'], object: ['properties', 'required', 'additionalProperties', 'propertyNames', 'maxProperties', 'minProperties'], integer: ['maximum', 'minimum'], number: ['maximum', 'minimum'] };
const typed = new Set(Object.values(keywordsOf).flat());
const ofType = (node, type) => ({ ...Object.fromEntries(Object.entries(node).filter(([key]) => !typed.has(key) || keywordsOf[type]?.includes(key))), type });

/** The alternatives of a node, however they are written: anyOf, oneOf, a list of types, null among the values. */
const branches = (place, schemas) => {
  const { node, from } = settle(place, schemas);
  const { anyOf, oneOf, ...beside } = node;
  if (anyOf ?? oneOf) return (anyOf ?? oneOf).flatMap((one) => branches({ node: one === true ? beside : { ...beside, ...one }, from }, schemas));
  if (node.enum?.includes(null) && node.enum.length > 1) return [{ node: { ...node, enum: node.enum.filter((value) => value !== null) }, from }, { node: { type: 'null' }, from }];
  if (Array.isArray(node.type)) return node.type.map((type) => ({ node: ofType(node, type), from }));
  return [{ node, from }];
};
const typesOf = (node) => (node.type === undefined ? undefined : new Set([node.type].flat().flatMap((type) => (type === 'number' ? ['number', 'integer'] : [type]))));
const valuesOf = (node) => ('const' in node ? [node.const] : node.enum);
const has = (list, value) => list.some((one) => isDeepStrictEqual(one, value));

const compareNode = (before, after, path, context) => {
  const pair = `${before.from} ${JSON.stringify(before.node)} ${after.from} ${JSON.stringify(after.node)}`;
  if (context.open.has(pair)) return;
  context.open.add(pair);
  const all = branches(before, context.old), allNow = branches(after, context.now);
  if (all.length === 1 && allNow.length === 1) compareOne(all[0], allNow[0], path, context);
  else compareBranches(all, allNow, path, context);
  context.open.delete(pair);
};

const compareOne = (a, b, path, context) => {
  const { report, readers } = context;
  compareTypes(a.node, b.node, path, report, readers);
  compareValues(a.node, b.node, path, report, readers);
  for (const key of uppers) if (b.node[key] !== undefined && (a.node[key] === undefined || b.node[key] < a.node[key])) report(path, `${key} narrowed from ${a.node[key]} to ${b.node[key]}`);
  for (const key of lowers) if (b.node[key] !== undefined && (a.node[key] === undefined || b.node[key] > a.node[key])) report(path, `${key} narrowed from ${a.node[key]} to ${b.node[key]}`);
  for (const key of new Set([...Object.keys(a.node), ...Object.keys(b.node)])) {
    if (!handled.has(key) && !isDeepStrictEqual(a.node[key], b.node[key])) report(path, `${key} changed; whether all that fitted still fits cannot be told`);
  }
  compareMembers(a, b, path, context);
  if (a.node.items !== undefined || b.node.items !== undefined) compareNode({ ...a, node: a.node.items ?? true }, { ...b, node: b.node.items ?? true }, `${path}/*`, context);
};

const compareTypes = (a, b, path, report, readers) => {
  const was = typesOf(a), is = typesOf(b);
  if (is && !was && !valuesOf(a)) return report(path, `type narrowed to ${[...is]}`);
  if (!was || !is) return was && readers && !valuesOf(b) ? report(path, 'type widened to anything') : undefined;
  for (const type of was) if (!is.has(type) && !(type === 'integer' && is.has('number'))) report(path, `type ${type} is no longer accepted`);
  if (readers) for (const type of is) if (!was.has(type)) report(path, `type widened by ${type}, which readers do not expect`);
};

const compareValues = (a, b, path, report, readers) => {
  const was = valuesOf(a), is = valuesOf(b);
  if (is && !was) return report(path, `narrowed to the values ${JSON.stringify(is)}`);
  if (was && !is) return readers ? report(path, 'values widened, which readers do not expect') : undefined;
  if (!was) return undefined;
  for (const value of was) if (!has(is, value)) report(path, `the value ${JSON.stringify(value)} is no longer accepted`);
  if (readers) for (const value of is) if (!has(was, value)) report(path, `the value ${JSON.stringify(value)} is new, which readers do not expect`);
  return undefined;
};

const compareMembers = (a, b, path, context) => {
  const was = a.node.properties ?? {}, is = b.node.properties ?? {};
  const required = new Set(b.node.required ?? []), wasRequired = new Set(a.node.required ?? []);
  for (const name of Object.keys(was)) {
    if (!Object.hasOwn(is, name)) context.report(`${path}/${name}`, 'the member was removed or renamed');
    else compareNode({ ...a, node: was[name] }, { ...b, node: is[name] }, `${path}/${name}`, context);
    if (context.readers && wasRequired.has(name) && !required.has(name)) context.report(`${path}/${name}`, 'was always there and is optional now');
  }
  for (const name of required) if (!wasRequired.has(name)) context.report(`${path}/${name}`, 'is required now; who sent none before is refused');
  const rest = a.node.additionalProperties, restNow = b.node.additionalProperties;
  if (rest === restNow || rest === false) return;
  if (restNow === false) context.report(path, 'other members are no longer accepted');
  else compareNode({ ...a, node: rest ?? true }, { ...b, node: restNow ?? true }, `${path}/*`, context);
};

/** Each alternative of old needs one of now that takes all of it; readers must not meet one that is new. */
const compareBranches = (was, is, path, context) => {
  const problems = (from, to) => {
    const found = [];
    compareOne(from, to, path, { ...context, open: new Set(context.open), report: (at, problem) => found.push([at, problem]) });
    return found;
  };
  const taken = new Set();
  for (const from of was) {
    const [best] = is.map((to, i) => ({ found: problems(from, to), i })).sort((x, y) => x.found.length - y.found.length);
    taken.add(best.i);
    for (const [at, problem] of best.found) context.report(at, problem);
  }
  if (context.readers) is.forEach((_, i) => { if (!taken.has(i)) context.report(path, 'an alternative is new, which readers do not expect'); });
};

export const compareErrors = (before, after) => Object.entries(before).flatMap(([code, was]) => {
  const is = after[code];
  if (!is) return [{ path: `errors/${code}`, problem: 'the code was removed or renamed' }];
  return ['status', 'retryable'].filter((key) => is[key] !== was[key]).map((key) => ({ path: `errors/${code}/${key}`, problem: `changed from ${was[key]} to ${is[key]}` }));
});

export const compareTopics = (before, after) => before.flatMap((was) => {
  const is = after.find((topic) => topic.name === was.name);
  if (!is) return [{ path: `topics/${was.name}`, problem: 'the topic was removed or renamed' }];
  const fixed = ['partitions', 'key', 'compacted'].filter((key) => is[key] !== was[key]).map((key) => ({ path: `topics/${was.name}/${key}`, problem: `changed from ${was[key]} to ${is[key]}` }));
  return is.maxMessageBytes < was.maxMessageBytes ? [...fixed, { path: `topics/${was.name}/maxMessageBytes`, problem: 'narrowed' }] : fixed;
});

export const publishedDir = join(contractsDir, 'published', 'v1');
export const loadPublished = (dir = publishedDir) => Object.fromEntries(['schemas', 'examples', 'errors', 'topics'].map((name) => [name, JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8'))]));

export const compareAll = (published, entries = loadSchemas()) => [...compareSchemas(published.schemas, entries), ...compareErrors(published.errors, loadErrors()), ...compareTopics(published.topics, loadTopics())];

export const report = (problems) => problems.map(({ path, problem }) => `${path}: ${problem}; ${remedy}\n`).join('');

if (import.meta.main) {
  const problems = compareAll(loadPublished());
  process.stderr.write(problems.length ? report(problems) : 'compatible with what was published\n');
  process.exitCode = problems.length ? 1 : 0;
}
