import { runThread } from '@countersign/service-host';
import { loadConfig } from './config.ts';
import { openPolicy } from './open.ts';

// One more member of policy's group, on a thread of main.ts' process.
await runThread(await openPolicy(loadConfig()));
