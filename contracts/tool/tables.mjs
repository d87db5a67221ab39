// errors.yaml and topics.yaml → typed constants.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { contractsDir } from './load.mjs';

export const loadErrors = () => parse(readFileSync(join(contractsDir, 'errors.yaml'), 'utf8')).errors;
export const loadTopics = () => parse(readFileSync(join(contractsDir, 'topics.yaml'), 'utf8')).topics;

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
