import { runService } from '@countersign/service-host';
import { openApprovals } from './approvals.module.ts';
import { loadConfig } from './config.ts';

await runService(await openApprovals(loadConfig()));
