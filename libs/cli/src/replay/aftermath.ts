import { topic as topics } from '@countersign/contracts';
import type { Bus } from '@countersign/bus';
import { encodings } from '@countersign/identity';
import { parseCheckpoint } from '@countersign/tamper-log';
import { fromUrl, verifyLog } from '../audit/verify.ts';
import type { Local } from '../local.ts';

/** Every record of a topic that is there now, counted and handed over. */
const readAll = async (bus: Bus, topic: string, take: (value: Buffer, partition: number) => void): Promise<void> => {
  let done = (): void => undefined;
  const caughtUp = new Promise<void>((resolve) => { done = resolve; });
  const following = await bus.follow({ topics: [topic], from: 'start', onBatch: (messages) => { for (const message of messages) if (message.value) take(message.value, message.partition); }, onCaughtUp: done });
  await caughtUp;
  await following.stop();
};

export interface AuditResult { readonly entries: number; readonly checkpointSize: number; readonly verified: boolean }

/** Waits until the record holds every governed record, then verifies the whole of it from outside. */
export const auditOf = async (local: Local, bus: Bus, timeoutMs: number): Promise<AuditResult> => {
  let governed = 0;
  await readAll(bus, topics.runsGoverned, () => { governed++; });
  const read = fromUrl(local.http.audit);
  const sizeNow = async (): Promise<number> => parseCheckpoint(encodings, Buffer.from(await read('checkpoint')).toString())?.checkpoint.size ?? 0;
  const end = Date.now() + timeoutMs;
  // Other topics' records are entries too, so the size can only say "not yet"; the verifier counts the governed ones.
  while (await sizeNow().catch(() => 0) < governed && Date.now() < end) await pause();
  const key = Buffer.from(await read('verifier-key')).toString().trim();
  let result = await verifyLog(read, key);
  while (result.ok && result.governed.records < governed && Date.now() < end) {
    await pause();
    result = await verifyLog(read, key);
  }
  return { entries: result.entries, checkpointSize: result.checkpointSize, verified: result.ok && result.governed.records >= governed };
};

const pause = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 200); });

/** Findings of anomaly detection so far. */
export const findingsOf = async (bus: Bus): Promise<number> => {
  let findings = 0;
  await readAll(bus, topics.anomalyFindings, () => { findings++; });
  return findings;
};
