import type { BreakerList } from '@countersign/contracts';
import { createKeySet, loadJwks } from '@countersign/identity';
import type { HotState } from '@countersign/hot-state';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createAgentRuntime, kafkaTransport } from '@countersign/sdk';
import type { AgentRuntime } from '@countersign/sdk';
import { createBus } from '@countersign/service-host';
import { createHaltView, createToolGuard } from '@countersign/tool-guard';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { inferTools, inferredLines } from '../catalogue/infer.ts';
import { createUses } from '../catalogue/uses.ts';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import type { Local } from '../local.ts';
import { createTicker, printJson, progress } from '../output.ts';
import { startApprovers } from './approver.ts';
import { auditOf, findingsOf } from './aftermath.ts';
import { readOptions } from './options.ts';
import type { ReplayOptions } from './options.ts';
import { playSession } from './play.ts';
import type { Player } from './play.ts';
import { createReconciler } from './reconcile.ts';
import { reportTable } from './report.ts';
import type { Report } from './report.ts';
import { readSessions, SessionFileError } from './session.ts';
import { agentOf, audienceOf, packTools, setUp } from './setup.ts';
import type { Cast } from './setup.ts';
import { emptyScores, quantile, score } from './tally.ts';

/** `npm run replay`: recorded sessions through a fresh Countersign, and what came of them. Exit 1 where something was lost, doubled or does not verify. */
export const replay = async (args: readonly string[]): Promise<number> => {
  const options = readOptions(args);
  const readable = <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => { throw error instanceof SessionFileError ? new CannotRun(error.message) : error; });
  if (options.check) {
    // The first session tells whether it is a file of sessions at all.
    await readable(readSessions(options.file, 1).next());
    return 0;
  }
  const report = await readable(play(readLocal(), options));
  if (options.json) printJson(report);
  else process.stdout.write(reportTable(report));
  return report.lost === 0 && report.duplicates === 0 && report.audit.verified ? 0 : 1;
};

const play = async (local: Local, options: ReplayOptions): Promise<Report> => {
  const pairs = new Map<string, { readonly pipeline: string; readonly suite: string }>();
  const known = (await packTools()).map((tool) => tool.tool);
  const unknown = createUses(new Set(known));
  for await (const session of readSessions(options.file, options.limit)) {
    pairs.set(`${session.pipeline}/${session.suite}`, { pipeline: session.pipeline, suite: session.suite });
    unknown.see(session);
  }
  const inferred = inferTools(unknown.uses(), known);
  if (inferred.length > 0) progress(inferredLines(inferred));
  progress(`Registering ${pairs.size} agents, their tools and people …`);
  // Made long before the first grant: a store refuses those of the second it was made in, as it may have forgotten what came before.
  const store = createMemoryHotState();
  const cast = await setUp(local, [...pairs.values()], inferred);
  const { effect } = await cast.operator.request<BreakerList>('supervision', 'GET', '/breakers');
  if (effect !== 'record') throw new CannotRun('Breakers would stop what is replayed: they count per minute, and a minute of a replay is many recorded ones. Start supervision with CS_BREAKERS_EFFECT=record.');

  const bus = await createBus(local.bus === 'kafka' ? { kind: 'kafka', brokers: local.kafka!.split(','), ssl: false, sasl: undefined } : { kind: 'embedded', connectionString: local.postgres['bus']! }, { clientId: 'replay' });
  const kept = options.keep === undefined ? undefined : createWriteStream(options.keep);
  const reconciler = createReconciler(bus, kept && ((partition, record) => { kept.write(`{"partition":${partition},"record":${record.toString()}}\n`); }));
  await reconciler.follow();
  const stage = await openStage(local, bus, cast, store);
  const approvers = options.approver === 'none' ? undefined : startApprovers(local, cast, options.approver);
  const scores = emptyScores();
  const latencies: number[] = [];
  const player: Player = {
    ...stage.player, waitForPeopleMs: approvers ? 60_000 : 0,
    onProposed: reconciler.proposed,
    onResult: (result) => { score(scores, result); latencies.push(result.latencyMs); },
  };

  const begun = Date.now();
  const tick = createTicker(Date.now);
  let sessions = 0;
  const source = readSessions(options.file, options.limit);
  await Promise.all(Array.from({ length: options.parallel }, async () => {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      await playSession(player, next.value);
      sessions++;
      tick(`${sessions} sessions, ${scores.proposals} proposals, ${(scores.proposals / ((Date.now() - begun) / 1000)).toFixed(0)}/s`);
    }
  }));
  const seconds = (Date.now() - begun) / 1000;
  progress('');
  await approvers?.stop();
  await reconciler.settled(30_000);
  progress('Waiting for the record to catch up, then verifying it …');
  const audit = await auditOf(local, bus, 120_000);
  const findings = await findingsOf(bus);
  const { lost, duplicates, gaps } = reconciler.result();
  await reconciler.stop();
  kept?.end();
  await stage.close();
  await bus.close();
  return {
    bus: local.bus, inferredTools: inferred.map(({ tool, consequential, reversible, facts }) => ({ tool, consequential, reversible, target: facts['target'] ?? null })), sessions, proposals: scores.proposals, decisions: scores.proposals - lost, lost, duplicates: duplicates + gaps,
    byTier: scores.byTier, byDecision: scores.byDecision, injected: scores.injected, benign: scores.benign, benignConsequential: scores.benignConsequential,
    afterHalt: scores.afterHalt, approvals: scores.asks, asksPer100Sessions: round(scores.asks / sessions * 100), findings,
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }, perSecond: round(scores.proposals / seconds), audit,
  };
};

const round = (value: number): number => Math.round(value * 10) / 10;

/** What every session is played with: runtimes, signing users, and the recorded tools behind their guards. */
const openStage = async (local: Local, bus: Awaited<ReturnType<typeof createBus>>, cast: Cast, store: HotState): Promise<{ readonly player: Omit<Player, 'waitForPeopleMs' | 'onProposed' | 'onResult'>; close(): Promise<void> }> => {
  const keys = createKeySet(loadJwks(join(local.secrets, 'jwks.json')));
  const halts = createHaltView({ bus, jwks: keys, now: Date.now });
  await halts.ready;
  const transport = kafkaTransport(bus);
  const runtimes = new Map<string, AgentRuntime>();
  for (const [agent, clientKey] of cast.agents) runtimes.set(agent, createAgentRuntime({
    agent, tenant: 'acme', clientKey, registryUrl: local.http.registry, supervisionUrl: local.http.supervision, transport, decisionTimeoutMs: 60_000, grantKeys: keys,
  }));
  const guards = new Map<string, ReturnType<typeof createToolGuard>>();
  const guardOf = (audience: string) => {
    const known = guards.get(audience) ?? createToolGuard({ audience, jwks: keys, store, halts, now: Date.now });
    guards.set(audience, known);
    return known;
  };
  return {
    player: {
      tenant: 'acme', now: Date.now, agentFor: agentOf, runtimeFor: (session) => runtimes.get(agentOf(session))!, userFor: (session) => cast.users.get(session.suite)!,
      tool: async (tool, args, permission) => {
        const checked = await guardOf(audienceOf(tool)).check({ grant: permission.grant, claim: permission.claim ?? undefined, sessionProof: permission.sessionProof, tool, arguments: args });
        if (!checked.ok) throw new Error(`the tool refused: ${checked.code}: ${checked.detail}`);
      },
    },
    close: async () => { await transport.close(); await halts.stop(); await store.close(); },
  };
};
