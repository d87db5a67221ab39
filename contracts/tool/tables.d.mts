import type { ErrorTable, TopicTable } from './compat.mjs';

/** Throws, naming the place, where a table does not have the shape of tables.schema.json. */
export const checkTable: (name: 'errors' | 'topics', value: unknown) => unknown;
export const loadErrors: () => ErrorTable;
export const loadTopics: () => TopicTable;
