import { loadConfig } from './config.ts';
import { openAnomaly } from './open.ts';
import { runService } from '@countersign/service-host';

await runService(await openAnomaly(loadConfig()));
