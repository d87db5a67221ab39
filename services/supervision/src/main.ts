import { runService } from '@countersign/service-host';
import { loadConfig } from './config.ts';
import { openSupervision } from './supervision.module.ts';

await runService(await openSupervision(loadConfig()));
