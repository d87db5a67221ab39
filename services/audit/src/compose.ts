import type { BusMessage } from '@countersign/bus';
import { encodings } from '@countersign/identity';
import { withSpan } from '@countersign/telemetry';
import { verifierKey } from '@countersign/tamper-log';
import { readFile } from 'node:fs/promises';
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import type { PublishCheckpoint } from './app/ports.ts';
import { createSequencer } from './app/sequencer.ts';
import type { Sequencer } from './app/sequencer.ts';
import { createWitnessing } from './app/witnessing.ts';
import type { Witnessing } from './app/witnessing.ts';
import type { SourceRecord } from './core/entry.ts';
import { noWitnesses } from './core/witness-policy.ts';
import type { WitnessPolicy } from './core/witness-policy.ts';
import { createFileKeeper } from './outbound/checkpoint-keeper.ts';
import { createPostgresLog } from './outbound/postgres-log.ts';
import { createPostgresWitnesses } from './outbound/postgres-witnesses.ts';
import { createCheckpointSigner, ed25519Signer } from './outbound/sign-checkpoint.ts';
import { createPseudonyms, createToEntry } from './outbound/to-entry.ts';
import { createWitnessClient } from './outbound/witness-client.ts';
import { createPublishedLog } from './views/published-log.ts';
import type { PublishedLog } from './views/published-log.ts';
import { createQuestions } from './views/questions.ts';
import type { Questions } from './views/questions.ts';

export interface AuditPorts {
  readonly pool: Pool;
  readonly origin: string;
  readonly key: { readonly privateKey: KeyObject; readonly publicKey: Uint8Array };
  readonly keeperFile: string;
  /** Under which people become pseudonyms; kept apart from the log's database. */
  readonly pseudonymSecret: Uint8Array;
  readonly publish: PublishCheckpoint;
  readonly now: () => number;
  /** Who must have cosigned a checkpoint before it is served; nobody by default. */
  readonly witnesses?: WitnessPolicy;
  /** What somebody must look at: a witness that saw another tree. */
  readonly alarm?: (who: string, why: string) => void;
  readonly maxBatch?: number;
}

export interface Audit {
  /** Takes records of the bus; resolves once they are in the log under a signed checkpoint. */
  record(messages: readonly BusMessage[]): Promise<void>;
  readonly published: PublishedLog;
  readonly questions: Questions;
  /** C2SP signed-note text form: what an outside verifier needs beside the log. */
  readonly verifierKey: string;
  readonly sequencer: Sequencer;
  readonly witnessing: Witnessing;
}

const toSource = (message: BusMessage): SourceRecord => ({
  topic: message.topic, partition: message.partition, offset: message.offset, at: message.timestamp,
  headers: message.headers, value: message.value ?? new Uint8Array(),
});

/** Puts the audit service together out of its ports; knows no Nest. */
export const composeAudit = async (ports: AuditPorts): Promise<Audit> => {
  for (const tables of ['./outbound/schema.sql', './views/questions.sql']) await ports.pool.query(await readFile(new URL(tables, import.meta.url), 'utf8'));
  const policy = ports.witnesses ?? noWitnesses;
  const store = createPostgresLog(ports.pool, ports.origin, policy.satisfied(new Set()));
  const toEntry = createToEntry(createPseudonyms(ports.pseudonymSecret));
  const sequencer = await createSequencer({
    store, keeper: createFileKeeper(ports.keeperFile), sha256: encodings.sha256,
    toEntry: (source) => withSpan('countersign.audit.entry', source.headers['traceparent'], () => toEntry(source)),
    sign: createCheckpointSigner(encodings, ports.origin, [ed25519Signer(encodings, ports.origin, ports.key)]), publish: ports.publish, now: ports.now, maxBatch: ports.maxBatch ?? 2000,
  });
  const published = createPublishedLog(ports.pool, ports.origin, encodings, store.readTile);
  return {
    record: (messages) => sequencer.add(messages.map(toSource)),
    published,
    questions: createQuestions(ports.pool, ports.origin, published.payloads),
    verifierKey: verifierKey(encodings, ports.origin, ports.key.publicKey),
    sequencer,
    witnessing: createWitnessing({ policy, store: createPostgresWitnesses(ports.pool, ports.origin), ask: createWitnessClient(store.readTile), alarm: ports.alarm ?? (() => undefined) }),
  };
};
