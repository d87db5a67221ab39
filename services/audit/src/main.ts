import { runService } from '@countersign/service-host';
import { openAudit } from './audit.module.ts';
import { loadConfig } from './config.ts';

await runService(await openAudit(loadConfig()));
