import { afterAll, beforeAll, describe } from '@jest/globals';
import { r1, r1Unavailable } from './r1-interception.ts';
import { r2 } from './r2-context.ts';
import { r3 } from './r3-policy.ts';
import { r4 } from './r4-decisions.ts';
import { r5 } from './r5-receipts.ts';
import { r6 } from './r6-identity.ts';
import { r7 } from './r7-drift.ts';
import { r8 } from './r8-export.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

/** The tests of AARM's conformance/testing.mdx, by requirement and number, on the whole product with real Kafka. README.md beside this says what each covers. */
describe('AARM', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await openStage(); }, 240_000);
  afterAll(async () => { await stage?.whole.close(); await stage?.siem.close(); }, 60_000);

  for (const requirement of [r1, r2, r3, r4, r5, r6, r7, r8, r1Unavailable]) requirement(() => stage);
});
