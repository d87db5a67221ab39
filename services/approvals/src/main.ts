import { loadConfig } from './config.ts';
import { openApprovals } from './open.ts';
import { runService } from '@countersign/service-host';

await runService(await openApprovals(loadConfig()));
