import type { Example, SchemaEntry } from './load.mjs';

export interface Problem { readonly path: string; readonly problem: string }
export type SchemaFile = Pick<SchemaEntry, 'id' | 'context' | 'name' | 'schema'>;
export type ErrorTable = Readonly<Record<string, { readonly status: number; readonly retryable: boolean; readonly meaning: string; readonly remedy: string }>>;
export type TopicTable = readonly {
  readonly name: string; readonly const: string; readonly key: string; readonly partitions: number; readonly compacted: boolean; readonly retentionMs: number; readonly maxMessageBytes: number;
  readonly writers: readonly { readonly who: string; readonly key: string | null; readonly types: readonly string[] }[]; readonly readers: readonly string[];
}[];
export interface Published { readonly schemas: readonly SchemaFile[]; readonly examples: readonly (Example & { readonly type: string })[]; readonly errors: ErrorTable; readonly topics: TopicTable }

/** What breaks somebody: senders and history by what is no longer accepted, readers by what is no longer or newly said. */
export const compareSchemas: (before: readonly SchemaFile[], after: readonly SchemaFile[]) => Problem[];
export const compareErrors: (before: ErrorTable, after: ErrorTable) => Problem[];
export const compareTopics: (before: TopicTable, after: TopicTable) => Problem[];
export const compareAll: (published: Published, entries?: readonly SchemaFile[]) => Problem[];
export const loadPublished: (dir?: string) => Published;
/** One line per problem, with the remedy. */
export const report: (problems: readonly Problem[]) => string;
