import { loadConfig } from './config.ts';
import { openGateway } from './open.ts';
import { runService } from '@countersign/service-host';

await runService(await openGateway(loadConfig()));
