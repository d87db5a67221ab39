import { loadConfig } from './config.ts';
import { openSupervision } from './open.ts';
import { runService } from '@countersign/service-host';

await runService(await openSupervision(loadConfig()));
