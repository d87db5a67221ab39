import { createRequire } from 'node:module';

interface RequestQueue { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void }

let calmed = false;

/**
 * kafkajs 2.2.4 checks the waiting requests of every connection each millisecond, for ever, also when none wait, and goes on after the connection has
 * ended: a process with a dozen connections never sleeps, and one that lost a connection never exits. With nothing waiting there is nothing to check:
 * a request that has to wait starts the checks itself.
 */
export const calmRequestQueues = (): void => {
  if (calmed) return;
  calmed = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
  const check = prototype.scheduleCheckPendingRequests;
  if (typeof check !== 'function') throw new Error('this kafkajs is not the version the bus was made for (2.2.4)');
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length > 0) check.call(this);
  };
};
