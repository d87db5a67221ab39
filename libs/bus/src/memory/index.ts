import { createLogBus } from '../embedded/log-bus.ts';
import type { LogBusOptions } from '../embedded/log-bus.ts';
import type { Bus } from '../port.ts';
import { createMemoryLog } from './memory-store.ts';
import type { MemoryLog } from './memory-store.ts';

export { createMemoryLog } from './memory-store.ts';
export type { MemoryLog } from './memory-store.ts';

/** For tests only: the embedded engine on a log in memory. Buses on the same log behave as processes on the same server. */
export const createMemoryBus = (log: MemoryLog = createMemoryLog(), options: LogBusOptions = {}): Bus => createLogBus(log.open(), options);
