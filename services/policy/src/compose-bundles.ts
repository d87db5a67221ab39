import { randomUUID } from 'node:crypto';
import { envelope, startHeartbeats } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { validateBundleLineUp, validatePolicyBundle } from '@countersign/contracts';
import type { BundleLineUp, PersonSnapshot, PolicyBundle } from '@countersign/contracts';
import { createPostgresEventStore, migrateEventStore, startOutboxRelay } from '@countersign/event-store/postgres';
import { argumentsDigest, signJws, signServiceMessage } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { followSigned, numbering } from '@countersign/service-host';
import type { Pool } from 'pg';
import { createDoor } from './app/bundles/door.ts';
import type { Door } from './app/bundles/door.ts';
import { createEvaluator } from './app/bundles/evaluator.ts';
import type { Prepared } from './app/bundles/evaluator.ts';
import { createBundleHandler } from './app/bundles/handle.ts';
import type { BundleChecks, BundleFile } from './app/bundles/ports.ts';
import { decidingBy } from './app/bundles/rules.ts';
import { createStanding } from './app/bundles/standing.ts';
import type { AskStanding } from './app/bundles/standing.ts';
import type { Deciding, Rules } from './app/bundles/rules.ts';
import type { CompiledTool } from './core/rules/compile.ts';
import { packBundle, unpackBundle } from './inbound/bundle-archive.ts';
import { bundleDigest } from './inbound/bundle-files.ts';
import { createStatements } from './inbound/bundle-statements.ts';
import { bundleTopics, createBundleMessages } from './outbound/bundle-messages.ts';
import type { BundleTopics } from './outbound/bundle-messages.ts';
import { bundleSchema, createBundleArchives, createInForceStore } from './outbound/bundle-store.ts';
import { cohortOf } from './outbound/cohort.ts';
import { countDifferences, differenceSchema, differencesView } from './outbound/differences.ts';

export interface BundlesPorts {
  readonly bus: Bus;
  readonly pool: Pool;
  /** Signs what policy says; of what is in force it proves nothing. */
  readonly key: SigningKey;
  readonly keys: KeySet;
  readonly tenant: string;
  /** Name of the bundle that decides here. */
  readonly name: string;
  /** What the service was installed with. */
  readonly builtIn: Pick<Prepared, 'spec' | 'bundle'> & { readonly files: readonly BundleFile[] };
  readonly person: (id: string) => PersonSnapshot | undefined;
  /** Resolves once people and everything else is known. */
  readonly known: Promise<void>;
  readonly publishers: ReadonlySet<string> | null;
  readonly checks: BundleChecks;
  readonly tool: (name: string) => CompiledTool | undefined;
  /** Names the catalogue that the checks are made against. */
  readonly catalogue: () => string;
  /** Parses and compiles files, beside the hot path. */
  readonly compile: (files: readonly BundleFile[]) => Promise<Pick<Prepared, 'spec' | 'bundle'>>;
  /** Cohorts of canaries are keyed with it. */
  readonly secret: Uint8Array;
  readonly evaluator: string;
  readonly now: () => number;
  readonly onError: (error: Error, what: string) => void;
  readonly onSwap?: (activation: number, version: string) => void;
  readonly topics?: BundleTopics;
}

export interface Bundles extends Rules, Door {
  readonly standing: AskStanding;
  stop(): Promise<void>;
}

/** Puts the life of rule bundles together out of its ports: the door for people, the evaluator of this process, and its pointer. */
export const composeBundles = async (ports: BundlesPorts): Promise<Bundles> => {
  const { bus, pool, key, name, tenant, now, onError, topics = bundleTopics } = ports;
  await migrateEventStore(pool);
  await pool.query(`SELECT pg_advisory_xact_lock(hashtext('countersign:policy:bundles')); ${bundleSchema}${differenceSchema}`);
  const builtIn = { version: ports.builtIn.spec.version, digest: bundleDigest(ports.builtIn.files), ...ports.builtIn };
  const archives = createBundleArchives(pool);
  const differences = countDifferences(pool, name, (error) => onError(error, 'differences'));
  const messages = createBundleMessages(key, { name, tenant, topics });
  const relay = startOutboxRelay({ pool, bus, shard: 'policy', numbering: numbering(key), onError: (error) => onError(error, 'outbox') });
  const statements = createStatements({ person: ports.person, tenant, bundle: name, builtIn, publishers: ports.publishers, now });
  const handler = createBundleHandler({
    name, store: createPostgresEventStore(pool), archives, checks: ports.checks, unpack: unpackBundle, builtIn,
    digest: (value) => argumentsDigest(value as never), toMessages: messages.toMessages, changed: () => relay.wake(),
  });

  let deciding: Deciding | undefined;
  const follower = followSigned<PolicyBundle | BundleLineUp>(bus, {
    topic: topics.bundles, signer: 'policy', keys: ports.keys, now, onError: (error) => onError(error, 'bundles'),
    validate: (value): value is PolicyBundle | BundleLineUp => validatePolicyBundle(value) || validateBundleLineUp(value),
    keyOf: (value) => ('archive' in value ? `${value.name}/${value.digest}` : value.name),
    onChange: (changed, value) => { if (changed === name && value !== undefined && 'activation' in value && begun) void evaluator.take(value); },
  });
  const archiveOf = async (digest: string): Promise<string | undefined> => {
    const published = follower.get(`${name}/${digest}`);
    return published !== undefined && 'archive' in published ? published.archive : archives.get(digest);
  };
  const evaluator = createEvaluator({
    builtIn, ...createInForceStore(pool, name), prove: statements.prove, ordered: statements.ordered,
    prepare: async ({ version, digest }) => {
      if (digest === builtIn.digest) return builtIn;
      const archive = await archiveOf(digest);
      if (archive === undefined) throw new Error(`the files of ${version} are not here`);
      const files = unpackBundle(archive);
      if (bundleDigest(files) !== digest) throw new Error(`the files of ${version} are not those that were signed`);
      const compiled = await ports.compile(files);
      if (compiled.spec.version !== version) throw new Error(`the files say that they are ${compiled.spec.version}`);
      // Kept here too: this process begins with it again, whatever is on the topic then.
      await archives.put(digest, archive);
      return { version, digest, ...compiled };
    },
    loosens: async (from, to) => {
      const files = await Promise.all([handler.filesOf(from), handler.filesOf(to)]);
      if (files[0] === undefined || files[1] === undefined) return 'its files are not here';
      const loosened = await ports.checks.compare(files[0], files[1]);
      return loosened[0]?.what ?? null;
    },
    swap: (inForce) => {
      deciding = decidingBy(inForce, ({ digest, percent }) => cohortOf(ports.secret, { tenant, bundle: name, digest, percent }));
      ports.onSwap?.(inForce.activation, inForce.active.version);
    },
    acknowledge: async ({ activation, active }) => { await handler.handle({ type: 'acknowledge', evaluator: ports.evaluator, activation, version: active.version, now: now() }, ports.evaluator); },
    refuse: async (activation, why) => {
      onError(new Error(`activation ${activation}: ${why}`), 'a bundle was refused');
      await handler.handle({ type: 'refuse', what: `activation ${activation}`, code: 'activation_stale', detail: why.slice(0, 1_000), by: ports.evaluator, activation, now: now() }, ports.evaluator);
    },
    onError: (error) => onError(error, 'bundles'),
  });

  const beats = startHeartbeats(bus, topics.bundles, {
    now, onError: (error) => onError(error, 'heartbeat'),
    sign: (beatKey, value, at) => signServiceMessage({ topic: topics.bundles, key: beatKey, value, headers: envelope({ id: randomUUID(), type: 'countersign.policy.heartbeat.v1', source: 'policy', time: at, tenant }) }, key).headers,
  });
  let begun = false;
  let stopped = false;
  /** Tries until it holds: without rules nothing is decided. */
  const begin = async (): Promise<void> => {
    await Promise.all([ports.known, follower.ready]);
    const published = follower.get(name);
    await republish(published !== undefined && 'activation' in published ? published.activation : 0);
    await evaluator.begin(published !== undefined);
    begun = true;
    if (published !== undefined && 'activation' in published) await evaluator.take(published);
  };
  /** A topic that was lost, or lags behind what is decided in the event store, gets it again. */
  const republish = async (activation: number): Promise<void> => {
    const state = await handler.state();
    const order = [state.active, state.beside].find((slot) => slot?.activation === state.activation)?.order;
    if (state.activation <= activation || order === undefined) return;
    const found = new Map<string, string>();
    for (const slot of [state.active, state.beside]) {
      const archive = slot === null ? undefined : await archives.get(slot.digest);
      if (slot !== null && archive !== undefined) found.set(slot.digest, archive);
    }
    await bus.publish(messages.lineUp(state, order, now(), found));
  };
  const beginning = (async () => {
    for (let wait = 100; !stopped; wait = Math.min(wait * 2, 5_000)) {
      try { return await begin(); } catch (error) { if (!stopped) onError(error as Error, 'bundles'); }
      await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
  })();

  return {
    ...createDoor({ handler, statements, archives, checks: ports.checks, builtIn, pack: packBundle, unpack: unpackBundle, digestOf: bundleDigest, name, now, differences: (of) => differencesView(pool, name, of) }),
    current: () => deciding,
    standing: createStanding({
      current: () => deciding, tool: ports.tool, runTests: (files) => ports.checks.test(files), catalogue: ports.catalogue,
      inForce: async () => { const ref = (await handler.state()).active ?? builtIn; return { version: ref.version, digest: ref.digest, files: await handler.filesOf(ref) }; },
      sign: ({ nonce, ...said }) => signJws('countersign-standing+jwt', { nonce, digest: argumentsDigest({ nonce, ...said }) }, key),
    }),
    notLive: () => (deciding === undefined ? 'rules' : follower.isStale() ? 'bundles' : null),
    note: differences.note, committed: differences.committed, discard: differences.discard,
    stop: async () => {
      stopped = true;
      await Promise.all([beats.stop(), follower.stop()]);
      await beginning;
      await differences.stop();
      await relay.stop();
    },
  };
};
