import type { Bus } from '@countersign/bus';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { createKeySet, loadJwks } from '@countersign/identity';
import { createAgentRuntime, kafkaTransport, RunFailed } from '@countersign/sdk';
import type { AgentRuntime } from '@countersign/sdk';
import { until } from '@countersign/spec/whole';
import { createHaltView, createToolGuard } from '@countersign/tool-guard';
import { join } from 'node:path';
import { playSession } from '../../libs/cli/src/replay/play.ts';
import { readSessions } from '../../libs/cli/src/replay/session.ts';
import type { RecordedSession } from '../../libs/cli/src/replay/session.ts';
import { agentOf, setUp } from '../../libs/cli/src/replay/setup.ts';
import { emptyScores, score } from '../../libs/cli/src/replay/tally.ts';
import type { Scores } from '../../libs/cli/src/replay/tally.ts';
import type { Processes } from './processes.ts';

const sample = new URL('../../libs/cli/src/replay/sessions/sample.jsonl', import.meta.url).pathname;

export interface Load {
  /** Plays all sample sessions, several at a time, over and over for as long as `during` runs; it is told how many calls are through. */
  play(during?: (calls: () => number) => Promise<void>): Promise<{ readonly rounds: number; readonly scores: Scores }>;
  /** Every action that was ever proposed, as run/action. */
  readonly proposed: ReadonlySet<string>;
  close(): Promise<void>;
}

/** The sample sessions of the replay, with runtimes that wait out whatever of ours is away. */
export const openLoad = async ({ place, services, bus, dir }: Processes): Promise<Load> => {
  const sessions: RecordedSession[] = [];
  for await (const session of readSessions(sample)) sessions.push(session);
  const cast = await setUp({ http: services.urls, secrets: place.secretsDir, dir } as never, sessions);
  const keys = createKeySet(loadJwks(join(place.secretsDir, 'jwks.json')));
  const halts = createHaltView({ bus: bus as Bus, jwks: keys, now: Date.now });
  await halts.ready;
  const transport = kafkaTransport(bus);
  // Not in memory: that would refuse the grants of the second it was made in, as it must.
  const store = createRedisHotState({ url: place.redis });
  const runtimes = new Map<string, AgentRuntime>();
  for (const [agent, clientKey] of cast.agents) runtimes.set(agent, patient(createAgentRuntime({
    agent, tenant: 'acme', clientKey, registryUrl: services.urls.registry, supervisionUrl: services.urls.supervision, transport, decisionTimeoutMs: 60_000, grantKeys: keys,
  })));
  const proposed = new Set<string>();

  const play: Load['play'] = async (during) => {
    const scores = emptyScores();
    let rounds = 0;
    let over = during === undefined;
    const queue: RecordedSession[] = [];
    const next = (): RecordedSession | undefined => {
      if (queue.length === 0 && (rounds === 0 || !over)) {
        rounds++;
        queue.push(...sessions);
      }
      return queue.shift();
    };
    const player = {
      tenant: 'acme', now: Date.now, agentFor: agentOf, waitForPeopleMs: 0,
      runtimeFor: (session: RecordedSession) => runtimes.get(agentOf(session))!, userFor: (session: RecordedSession) => cast.users.get(session.suite)!,
      tool: async (tool: string, args: never, permission: { grant: string; claim: string | null; sessionProof: string }) => {
        const guard = createToolGuard({ audience: `agentdojo-${tool.slice(0, tool.indexOf('.'))}`, jwks: keys, store, halts, now: Date.now });
        const call = { grant: permission.grant, claim: permission.claim ?? undefined, sessionProof: permission.sessionProof, tool, arguments: args };
        // A guard that cannot see the halts refuses and says that it is worth another try.
        const checked = await until(`the tool answers for ${tool}`, async () => { const one = await guard.check(call); return (one.ok || !one.retryable) && one; }, 100_000);
        if (!checked.ok) throw new Error(`the tool refused: ${checked.code}: ${checked.detail}`);
      },
      onProposed: (run: string, action: string) => { proposed.add(`${run}/${action}`); },
      onResult: (result: Parameters<typeof score>[1]) => { score(scores, result); },
    };
    const workers = Array.from({ length: 6 }, async () => {
      for (let session = next(); session !== undefined; session = next()) await playSession(player as never, session);
    });
    const fault = during?.(() => scores.proposals).finally(() => { over = true; });
    await Promise.all([...workers, fault]);
    return { rounds, scores };
  };
  return { play, proposed, close: async () => { await transport.close(); await halts.stop(); await store.close(); } };
};

/** Opening a run has no effect until it succeeds, so it is tried until it does. */
const patient = (runtime: AgentRuntime): AgentRuntime => ({
  ...runtime,
  openRun: (options) => until('a run can be opened', async () => {
    try {
      return await runtime.openRun(options);
    } catch (error) {
      if (error instanceof RunFailed && (error.retryable || error.code === 'unreachable')) return undefined;
      throw error;
    }
  }, 100_000),
});
