import { topic } from '@countersign/contracts';
import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';
import type { TellRun } from '../app/ports.ts';

/** Supervision's words in the inbox, signed; policy checks the signer of each. */
export const createTellRun = (bus: Bus, key: SigningKey, tenant: string, now: () => number): TellRun => async (run, { word, body }) => {
  const headers = envelope({ id: randomUUID(), type: `countersign.runs.${word}.v1`, source: 'supervision', time: now(), tenant });
  await bus.publish([signServiceMessage({ topic: topic.runsInbox, key: run, headers, value: Buffer.from(JSON.stringify(body)) }, key)]);
};
