import { runService } from '@countersign/service-host';
import { openAnomaly } from './anomaly.module.ts';
import { loadConfig } from './config.ts';

await runService(await openAnomaly(loadConfig(process.env)));
