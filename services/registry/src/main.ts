import { runService } from '@countersign/service-host';
import { loadConfig } from './config.ts';
import { openRegistry } from './open.ts';

await runService(await openRegistry(loadConfig()));
