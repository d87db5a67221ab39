import { runService } from '@countersign/service-host';
import { loadConfig } from './config.ts';
import { openPolicy } from './open.ts';

await runService(await openPolicy(loadConfig()));
