/** The bus for tests of services without infrastructure; passes the same suite. */
export { createMemoryBus, createMemoryLog } from '@countersign/bus/memory';
export type { MemoryLog } from '@countersign/bus/memory';
