import type { BusMessage } from '@countersign/bus';
import type { CompletenessView } from '@countersign/contracts';
import { encodings } from '@countersign/identity';
import { verifierKey } from '@countersign/tamper-log';
import { readFile } from 'node:fs/promises';
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import type { SubjectKeys } from './app/keys.ts';
import type { CheckpointKeeper, Entry, PublishCheckpoint, RefusalNotes } from './app/ports.ts';
import { createSequencer } from './app/sequencer.ts';
import type { Following, Sequencer } from './app/sequencer.ts';
import { createPrivacy } from './app/privacy.ts';
import type { Privacy } from './app/privacy.ts';
import { LogRefused } from './app/take.ts';
import { createWitnessing } from './app/witnessing.ts';
import type { Witnessing } from './app/witnessing.ts';
import { refusedHeader } from './core/entry.ts';
import type { SourceRecord } from './core/entry.ts';
import type { RefusalOf } from './inbound/writers.ts';
import { nothingHidden } from './core/sanitise.ts';
import type { HiddenOf } from './core/sanitise.ts';
import { noWitnesses } from './core/witness-policy.ts';
import type { WitnessPolicy } from './core/witness-policy.ts';
import { readCompleteUntil } from './outbound/publish-standing.ts';
import { createOwed } from './outbound/owed.ts';
import { createOwnWord } from './outbound/own-word.ts';
import { createPostgresLog } from './outbound/postgres-log.ts';
import { createPostgresPrivacy } from './outbound/postgres-privacy.ts';
import { succeed } from './outbound/succeed.ts';
import { createPostgresWitnesses } from './outbound/postgres-witnesses.ts';
import { createCheckpointSigner, ed25519Signer } from './outbound/sign-checkpoint.ts';
import type { PersonNames } from './outbound/person-names.ts';
import { createPreparing } from './outbound/preparing/stage.ts';
import { createPseudonyms } from './outbound/to-entry.ts';
import { traced } from './outbound/spans.ts';
import { createWitnessClient } from './outbound/witness-client.ts';
import { readCompleteness } from './views/completeness.ts';
import { createPayloads } from './views/payloads.ts';
import { createPublishedLog } from './views/published-log.ts';
import type { PublishedLog } from './views/published-log.ts';
import { createPatrol } from './views/patrol.ts';
import type { Patrol } from './views/patrol.ts';
import { createQuestions } from './views/questions.ts';
import type { Questions } from './views/questions.ts';

export interface AuditPorts {
  readonly pool: Pool;
  readonly origin: string;
  readonly key: { readonly privateKey: KeyObject; readonly publicKey: Uint8Array };
  readonly tenant: string;
  /** Where the last signed checkpoint is remembered, and where data keys are: both outside the log's database. */
  readonly keeper: CheckpointKeeper;
  /** Refused starts, kept where the last checkpoint is; without it they are only said. */
  readonly refusals?: RefusalNotes;
  readonly keys: SubjectKeys;
  /** Whose word a message is: what is not that of its topic's writer goes on the record as rejected. */
  readonly refusalOf: RefusalOf;
  /** What of a tool's arguments is never stored; nothing by default. */
  readonly hidden?: (tool: string) => HiddenOf;
  /** Resolves when `hidden` knows, or will not for now. */
  readonly catalogueRead?: () => Promise<void>;
  /** Under which people become pseudonyms; kept apart from the log's database. */
  readonly pseudonymSecret: Uint8Array;
  /** Which pseudonym is whose; absent: computed under the secret, and never forgotten. */
  readonly people?: PersonNames;
  readonly publish: PublishCheckpoint;
  readonly now: () => number;
  /** Who must have cosigned a checkpoint before it is served; nobody by default. */
  readonly witnesses?: WitnessPolicy;
  /** What somebody must look at: a witness that saw another tree, a payload that was changed. */
  readonly alarm?: (who: string, why: string) => void;
  readonly maxBatch?: number;
  /** Threads that draft, sanitise, seal and hash before the sequencer; 0, the default, does it in this one. */
  readonly threads?: number | undefined;
  /** The log that this one continues after its database was lost. */
  readonly predecessor?: string | undefined;
  /** Root (base64) of the last signed head, where its keeper lost it: taken from somebody else, never from this database. */
  readonly accept?: string | undefined;
}

export interface Audit {
  readonly refusalOf: RefusalOf;
  /** Drafts, sanitises, seals and hashes: everything but the writing. */
  prepare(messages: readonly BusMessage[]): Promise<readonly Entry[]>;
  /** Takes records of the bus; resolves once they are in the log under a signed checkpoint. */
  record(messages: readonly BusMessage[]): Promise<void>;
  readonly published: PublishedLog;
  readonly questions: Questions;
  /** What is known to be missing. */
  completeness(): Promise<CompletenessView>;
  /** C2SP signed-note text form: what an outside verifier needs beside the log. */
  readonly verifierKey: string;
  /** Who must cosign, for whoever verifies; empty: nobody. */
  readonly witnessPolicy: string;
  readonly sequencer: Sequencer;
  readonly witnessing: Witnessing;
  readonly privacy: Privacy;
  /** Holds what lies in the database against what was signed, over and over. */
  readonly patrol: Patrol;
  /** Whether this is the first start of a log that continues another: what its copy lacks is to be read again. */
  readonly resumed: boolean;
  /** Lets the batch in hand finish; what came later is not taken. */
  close(): Promise<void>;
}

/** Records that are prepared and handed in together. */
const portion = 250;

/** Audit's own header is nobody else's to write. Nearly every record is as it is: copying its headers would cost more than all the rest here. */
const withoutForged = (headers: BusMessage['headers']): BusMessage['headers'] => {
  if (headers[refusedHeader] === undefined) return headers;
  const { [refusedHeader]: _forged, ...others } = headers;
  return others;
};

/** A record as it was read; where it is not its writer's word, with why. */
const sourcing = (refusalOf: RefusalOf) => (message: BusMessage): SourceRecord => {
  const refused = refusalOf(message), headers = withoutForged(message.headers);
  return {
    topic: message.topic, partition: message.partition, offset: message.offset, at: message.timestamp,
    headers: refused === undefined ? headers : { ...headers, [refusedHeader]: refused }, value: message.value ?? new Uint8Array(),
  };
};

/** What was refused, and when, goes on the record of the log that goes on. Cut off in between it is said twice. */
const tellRefused = async (notes: RefusalNotes, logs: readonly string[], state: Sequencer['state']): Promise<void> => {
  for (const log of logs) {
    const refused = await notes.of(log);
    if (refused.length === 0) continue;
    await state(...refused.map((one) => ({ kind: 'incident', states: { what: 'start_refused', log, ...one } })));
    await notes.clear(log);
  }
};

/** Puts the audit service together out of its ports; knows no Nest. */
export const composeAudit = async (ports: AuditPorts): Promise<Audit> => {
  for (const tables of ['./outbound/schema.sql', './views/questions.sql']) await ports.pool.query(await readFile(new URL(tables, import.meta.url), 'utf8'));
  const toSource = sourcing(ports.refusalOf);
  const policy = ports.witnesses ?? noWitnesses;
  const word = createOwnWord(ports.pseudonymSecret);
  const owed = createOwed(ports.pool, ports.origin, word);
  const store = createPostgresLog(ports.pool, ports.origin, word, owed, policy.satisfied(new Set()));
  const pseudonym = ports.people?.nameOf ?? createPseudonyms(ports.pseudonymSecret);
  const preparing = createPreparing({ threads: ports.threads ?? 0, pseudonym, hidden: ports.hidden ?? (() => nothingHidden), keys: ports.keys });
  const prepare = async (sources: readonly SourceRecord[]) => {
    await ports.catalogueRead?.();
    const entries = await preparing.prepare(sources);
    for (const { source } of entries) traced(source);
    return entries;
  };
  const alarm = ports.alarm ?? (() => undefined);
  const first = ports.predecessor === undefined ? undefined : await succeed(ports.pool, ports.origin, ports.predecessor, ports.keeper, word);
  const sequencer = await createSequencer({
    origin: ports.origin, tenant: ports.tenant, store, keeper: ports.keeper, sha256: encodings.sha256, utf8: encodings.utf8, prepare,
    sign: createCheckpointSigner(encodings, ports.origin, [ed25519Signer(encodings, ports.origin, ports.key)]), publish: ports.publish, now: ports.now, maxBatch: ports.maxBatch ?? 1_000, accept: ports.accept,
  }).catch(async (error: unknown) => {
    if (error instanceof LogRefused) await ports.refusals?.note(ports.origin, error.code, ports.now());
    throw error;
  });
  if (first) await sequencer.state(first);
  if (ports.refusals) await tellRefused(ports.refusals, [ports.origin, ...ports.predecessor === undefined ? [] : [ports.predecessor]], sequencer.state);
  const payloads = createPayloads(ports.pool, ports.origin, ports.keys, (index, why) => alarm('payload', `that of entry ${index} was changed: ${why}`));
  const published = createPublishedLog(ports.pool, ports.origin, encodings, store.readTile, payloads);
  const questions = createQuestions(ports.pool, ports.origin, published.payloads, { owe: owed.owe, owing: sequencer.state }, (index, why) => alarm('index', `entry ${index}: ${why}`));
  const privacy = createPrivacy({ tenant: ports.tenant, keys: ports.keys, store: createPostgresPrivacy(ports.pool, ports.origin, word, owed, questions.forget), alarm, state: sequencer.state, onRecord: sequencer.holds, pseudonym, forget: (name) => ports.people?.forget(name), now: ports.now, settled: async () => { while (await questions.step() > 0); } });
  await privacy.resume();
  return {
    refusalOf: ports.refusalOf,
    prepare: (messages) => prepare(messages.map(toSource)),
    record: async (messages) => {
      // The next portion is prepared while the one before is written: each is under a checkpoint sooner than all of them would be together.
      const following: Following = { broken: false }, added: Promise<void>[] = [];
      for (let at = 0; (at === 0 || at < messages.length) && !following.broken; at += portion) {
        const adding = sequencer.add(await prepare(messages.slice(at, at + portion).map(toSource)), following);
        adding.catch(() => undefined);
        added.push(adding);
      }
      await Promise.all(added);
    },
    published,
    questions,
    completeness: async () => ({ completeUntil: await readCompleteUntil(ports.pool, ports.origin), ...await readCompleteness(ports.pool, ports.origin, ports.now()) }),
    privacy,
    patrol: createPatrol({ pool: ports.pool, log: ports.origin, keys: ports.keys, keeper: ports.keeper, readTile: store.readTile, erasing: privacy.erasing, state: sequencer.state, alarm, now: ports.now }),
    resumed: first !== undefined,
    close: async () => {
      await sequencer.close();
      await preparing.close();
    },
    verifierKey: verifierKey(encodings, ports.origin, ports.key.publicKey),
    witnessPolicy: policy.text,
    sequencer,
    witnessing: createWitnessing({ policy, store: createPostgresWitnesses(ports.pool, ports.origin), ask: createWitnessClient(store.readTile), alarm }),
  };
};
