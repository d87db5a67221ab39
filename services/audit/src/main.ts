import { loadConfig } from './config.ts';
import { openAudit } from './open.ts';
import { runService } from '@countersign/service-host';

await runService(await openAudit(loadConfig()));
