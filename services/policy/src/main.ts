import { runService, startThreads } from '@countersign/service-host';
import { loadConfig } from './config.ts';
import { openPolicy } from './open.ts';

const config = loadConfig();
const threads = startThreads(new URL('./thread.js', import.meta.url), config.threads - 1);
await runService(threads.of(await openPolicy(config)));
