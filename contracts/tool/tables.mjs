// errors.yaml and topics.yaml → typed constants.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { contractsDir } from './load.mjs';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addSchema(JSON.parse(readFileSync(new URL('./tables.schema.json', import.meta.url), 'utf8')), 'tables');

/** Throws, naming the place, where a table does not have the shape that tables.schema.json demands. */
export const checkTable = (name, value) => {
  const validate = ajv.getSchema(`tables#/$defs/${name}`);
  if (!validate(value)) throw new Error(`contracts/${name}.yaml: ${ajv.errorsText(validate.errors, { dataVar: name })}`);
  if (name === 'topics') checkTopics(value.topics);
  return value[name];
};

const checkTopics = (topics) => {
  const bySource = new Map(topics.map((topic) => [topic.name, topic]));
  if (bySource.size !== topics.length || new Set(topics.map((topic) => topic.const)).size !== topics.length) throw new Error('contracts/topics.yaml: a name or const is used twice');
  for (const topic of topics.filter(({ name }) => name.includes('-dead.'))) {
    const source = bySource.get(topic.name.replace('-dead.', '.'));
    if (!source || source.partitions !== topic.partitions || topic.maxMessageBytes <= source.maxMessageBytes) throw new Error(`contracts/topics.yaml: ${topic.name} needs a source with as many partitions and a smaller size limit`);
  }
};

const load = (name) => checkTable(name, parse(readFileSync(join(contractsDir, `${name}.yaml`), 'utf8')));
export const loadErrors = () => load('errors');
export const loadTopics = () => load('topics');

export const emitErrors = (errors) => `export interface ErrorEntry { readonly status: number; readonly retryable: boolean; readonly meaning: string; readonly remedy: string }
/** Every code that crosses a process: HTTP status, whether the same request may succeed later, what it means, what to do. */
export const errors = {
${Object.entries(errors).map(([code, e]) => `  ${code}: { status: ${e.status}, retryable: ${e.retryable}, meaning: ${JSON.stringify(e.meaning)}, remedy: ${JSON.stringify(e.remedy)} },`).join('\n')}
} as const satisfies Readonly<Record<string, ErrorEntry>>;
export type ErrorCode = keyof typeof errors;
`;

export const emitTopics = (topics) => `export interface TopicEntry {
  readonly name: string; readonly key: string; readonly partitions: number; readonly compacted: boolean; readonly retentionMs: number; readonly maxMessageBytes: number;
  /** Who may write; which key must sign which ce_type (null: proved by the runtime or written by policy's transaction alone). */
  readonly writers: readonly { readonly who: string; readonly types: readonly string[]; readonly key: string | null }[];
  readonly readers: readonly string[];
}
/** Every topic by name. */
export const topics = {
${topics.map((t) => `  ${JSON.stringify(t.name)}: ${JSON.stringify({ name: t.name, key: t.key, partitions: t.partitions, compacted: t.compacted, retentionMs: t.retentionMs, maxMessageBytes: t.maxMessageBytes, writers: t.writers.map((w) => ({ who: w.who, types: w.types, key: w.key ?? null })), readers: t.readers })},`).join('\n')}
} as const satisfies Readonly<Record<string, TopicEntry>>;
export type TopicName = keyof typeof topics;
/** Short names for code. */
export const topic = {
${topics.map((t) => `  ${t.const}: ${JSON.stringify(t.name)},`).join('\n')}
} as const satisfies Readonly<Record<string, TopicName>>;
/** Services that may sign a service message, by ce_type; a type not here is not a service message. Key ids are <service>-<n>. */
export const signers: Readonly<Record<string, readonly string[]>> = {
${[...new Map(topics.flatMap((t) => t.writers.filter((w) => w.key).flatMap((w) => w.types.map((type) => [type, w.key])))).entries()].map(([type, key]) => `  ${JSON.stringify(type)}: ${JSON.stringify([key])},`).join('\n')}
};
`;
