import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKafkaBus } from '@countersign/bus/kafka';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { createKeySet, loadJwks } from '@countersign/identity';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { createAgentRuntime, kafkaTransport, RunFailed } from '@countersign/sdk';
import { openPlace, startServices, until } from '@countersign/spec/whole';
import type { Place, RunningServices } from '@countersign/spec/whole';
import { createHaltView, createToolGuard } from '@countersign/tool-guard';
import { inferTools } from '../../libs/cli/src/catalogue/infer.ts';
import { createUses } from '../../libs/cli/src/catalogue/uses.ts';
import { compileTools, runOffline } from '../../libs/cli/src/replay/offline-run.ts';
import { sampleFile } from '../../libs/cli/src/replay/options.ts';
import { playSession } from '../../libs/cli/src/replay/play.ts';
import { readSessions } from '../../libs/cli/src/replay/session.ts';
import type { RecordedSession } from '../../libs/cli/src/replay/session.ts';
import { agentOf, audienceOf, packFolder, packTools, setUp } from '../../libs/cli/src/replay/setup.ts';

const folder = fileURLToPath(packFolder);

/** Rules are written against offline-eval, and judged by the replay: both must decide the same. */
describe('the sample sessions and a workplace that nobody catalogued', () => {
  let place: Place;
  let services: RunningServices;
  let bus: Bus;
  let dir: string;
  const sessions: RecordedSession[] = [];
  beforeAll(async () => {
    place = await openPlace();
    services = await startServices(place, ['registry', 'policy', 'supervision'], { CS_POLICY_BUNDLE: folder });
    bus = namespacedBus(await createKafkaBus({ brokers: place.kafka.split(','), clientId: 'replay-agrees' }), place.namespace);
    dir = await mkdtemp(join(tmpdir(), 'cs-agrees-'));
    for (const file of [sampleFile, join(folder, 'tests/clinic.jsonl')]) for await (const session of readSessions(file)) sessions.push(session);
  }, 240_000);
  afterAll(async () => {
    await bus?.close();
    await services?.close();
    await place?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('are decided by the running services exactly as offline', async () => {
    const pack = await packTools();
    const uses = createUses(new Set(pack.map((tool) => tool.tool)));
    for (const session of sessions) uses.see(session);
    const inferred = inferTools(uses.uses(), pack.map((tool) => tool.tool));
    const { bundle } = await loadBundle(folder);
    const tools = compileTools([...pack, ...inferred]);
    const offline = sessions.map((session) => [...runOffline(session, bundle, tools)].map(({ decided: { decision, reply } }) => `${decision.decision} ${decision.decision === 'deny' ? '' : decision.tier} ${reply.code}`));

    const cast = await setUp({ http: services.urls, secrets: place.secretsDir, dir } as never, sessions, inferred);
    const keys = createKeySet(loadJwks(join(place.secretsDir, 'jwks.json')));
    const halts = createHaltView({ bus, jwks: keys, now: Date.now });
    await halts.ready;
    const transport = kafkaTransport(bus);
    const store = createRedisHotState({ url: place.redis });
    try {
      const live: string[][] = [];
      for (const session of sessions) {
        const lines: string[] = [];
        live.push(lines);
        const runtime = createAgentRuntime({ agent: agentOf(session), tenant: 'acme', clientKey: cast.agents.get(agentOf(session))!, registryUrl: services.urls.registry, supervisionUrl: services.urls.supervision, transport, grantKeys: keys });
        await playSession({
          tenant: 'acme', now: Date.now, agentFor: agentOf, waitForPeopleMs: 0, userFor: () => cast.users.get(session.suite)!, onProposed: () => undefined,
          // Policy may not know a new agent yet.
          runtimeFor: () => ({ ...runtime, openRun: (options) => until('a run can be opened', () => runtime.openRun(options).catch((error: unknown) => { if (error instanceof RunFailed) return undefined; throw error; }), 30_000) }),
          tool: async (tool, args, permission) => {
            const guard = createToolGuard({ audience: audienceOf(tool), jwks: keys, store, halts, now: Date.now });
            const call = { grant: permission.grant, claim: permission.claim ?? undefined, sessionProof: permission.sessionProof, tool, arguments: args };
            const checked = await until(`the tool answers for ${tool}`, async () => { const one = await guard.check(call); return (one.ok || !one.retryable) && one; }, 25_000);
            if (!checked.ok) throw new Error(`the tool refused: ${checked.code}: ${checked.detail}`);
          },
          onResult: ({ decision, tier, code }) => { lines.push(`${decision} ${decision === 'deny' ? '' : tier} ${code}`); },
        }, session);
      }
      expect(live).toEqual(offline);
      expect(live.flat().some((line) => line.startsWith('step_up'))).toBe(true);
    } finally {
      await transport.close();
      await halts.stop();
      await store.close();
    }
  }, 240_000);
});
