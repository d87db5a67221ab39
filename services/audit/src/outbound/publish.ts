import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { topic } from '@countersign/contracts';
import type { AuditCheckpoint } from '@countersign/contracts';
import { randomUUID } from 'node:crypto';
import type { PublishCheckpoint } from '../app/ports.ts';

export const checkpointTopic = topic.auditCheckpoints;

/** Tells the house of each new checkpoint, signed by audit. */
export const createCheckpointPublisher = (bus: Bus, key: SigningKey, origin: string, tenant: string): PublishCheckpoint => async (checkpoint) => {
  const body: AuditCheckpoint = { origin, ...checkpoint };
  const headers = envelope({ id: randomUUID(), type: 'countersign.audit.checkpoint.v1', source: 'audit', time: checkpoint.at, tenant });
  await bus.publish([signServiceMessage({ topic: checkpointTopic, key: origin, headers, value: Buffer.from(JSON.stringify(body)) }, key)]);
};
