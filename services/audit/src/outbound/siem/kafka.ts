import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { SendBatch } from '../../app/deliver.ts';
import { toApiActivity } from '../../core/siem/ocsf.ts';

/** OCSF on a topic of ours, signed by audit; ce_id is the entry's, the same at every attempt. */
export const ocsfKafka = (bus: Bus, key: SigningKey, origin: string, tenant: string): SendBatch => async (records) => {
  await bus.publish(records.map((record) => signServiceMessage({
    topic: topic.auditOcsf, key: record.run ?? record.agent ?? origin, value: Buffer.from(JSON.stringify(toApiActivity(record, origin))),
    headers: envelope({ id: `${origin}/${record.index}`, type: 'countersign.audit.ocsf.v1', source: 'audit', time: record.at, tenant }),
  }, key)));
  return 'taken';
};
