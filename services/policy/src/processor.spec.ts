import { afterAll, beforeAll, describe } from '@jest/globals';
import { createMemoryBus } from '@countersign/bus/memory';
import type { Policy } from './compose.ts';
import { createRig, memoryCheckpoints } from './policy.fixture.ts';
import type { Rig } from './policy.fixture.ts';
import { scenarios } from './policy.scenarios.ts';

describe('policy on a bus in memory', () => {
  const bus = createMemoryBus();
  const checkpoints = memoryCheckpoints();
  let rig: Rig;
  let policy: Policy;

  const restart: Parameters<typeof scenarios>[0] extends () => infer S ? (S extends { restart: infer F } ? F : never) : never = async (over) => {
    policy = await rig.startPolicy(checkpoints, over);
    await policy.owning;
    return policy;
  };
  beforeAll(async () => {
    rig = await createRig(bus);
    await restart();
  });
  afterAll(async () => {
    await policy.stop();
    await rig.stop();
    await bus.close();
  });
  scenarios(() => ({ rig, checkpoints, policy: () => policy, restart }));
});
