import { openPool } from '@countersign/event-store/postgres';
import type { Logger } from '@countersign/telemetry';
import type { Pool } from 'pg';
import type { SubjectKeys } from '../app/keys.ts';
import type { CheckpointKeeper, RefusalNotes } from '../app/ports.ts';
import { createFileKeeper } from './checkpoint-keeper.ts';
import { openFileKeys } from './file-keys.ts';
import { openLocalKms } from './local-kms.ts';
import { openTransitKms } from './transit-kms.ts';
import type { TransitKey } from './transit-kms.ts';
import { openPostgresKeeper, placeOf } from './postgres-keeper.ts';
import type { Place } from './postgres-keeper.ts';
import { createFileNotes, openPostgresNotes } from './refusal-notes.ts';

/** What must not be in the log's own hands: its last signed head and the keys of its payloads. */
export interface Custody {
  readonly keeper: CheckpointKeeper;
  readonly refusals: RefusalNotes;
  readonly keys: SubjectKeys;
  /** Why whoever runs the database could also rewrite what it holds unnoticed; empty where the two are apart. */
  readonly together: readonly string[];
  close(): Promise<void>;
}

const checkpointHere = 'the last signed checkpoint is a file on the machine of this service';
const sameServer = 'the last signed checkpoint is in the same database server as the log';

/** What a checkpoint store changes of what lies together: the head is no file here any more, but one server may hold both. */
export const togetherWith = (log: Place, store: Place, local: readonly string[]): readonly string[] =>
  [...log.cluster === store.cluster ? [sameServer] : [], ...local.filter((why) => why !== checkpointHere)];

/** Both in files on this machine, but for the wrapping key where a service has it. @param file of the last checkpoint */
export const localCustody = async (folder: string, file: string, kms?: TransitKey): Promise<Custody> => ({
  keeper: createFileKeeper(file), refusals: createFileNotes(`${file}.refused`), keys: await openFileKeys(folder, kms === undefined ? await openLocalKms(folder) : openTransitKms(kms)),
  together: [checkpointHere, ...kms === undefined ? ['data keys are wrapped by a file on the machine of this service'] : []],
  close: async () => undefined,
});

/** As configured. A checkpoint store in the log's own database is refused: one backup would bring both back. */
export const openCustody = async (pool: Pool, config: { readonly keyFolder: string; readonly keeper: string; readonly checkpointStore: string | undefined; readonly kms?: TransitKey | undefined }, log: Logger): Promise<Custody> => {
  const local = await localCustody(config.keyFolder, config.keeper, config.kms);
  if (config.checkpointStore === undefined) return local;
  const second = openPool({ connectionString: config.checkpointStore, max: 1, onError: (err) => log.warn({ err }, 'lost the connection to the checkpoint store') });
  const [mine, other] = await Promise.all([placeOf(pool), placeOf(second)]);
  if (mine.cluster === other.cluster && mine.database === other.database) {
    await second.end();
    throw new Error('CS_CHECKPOINT_STORE names the log\'s own database: a restored backup would bring its own last checkpoint along. Name a database of another server.');
  }
  return {
    ...local, keeper: await openPostgresKeeper(second), refusals: await openPostgresNotes(second), close: () => second.end(),
    together: togetherWith(mine, other, local.together),
  };
};
