import type { Bus } from '@countersign/bus';
import { validateSubscriptionsFile } from '@countersign/contracts';
import type { SubscriptionsFile } from '@countersign/contracts';
import type { SigningKey } from '@countersign/identity';
import { createAddressCheck, createOutgoing } from '@countersign/service-host';
import { readFile } from 'node:fs/promises';
import type { SendBatch, Subscription } from '../../app/deliver.ts';
import { ocsfHttp, splunkHec } from './http.ts';
import { ocsfKafka } from './kafka.ts';
import { cefSyslog } from './syslog.ts';

export interface SiemPorts { readonly bus: Bus; readonly key: SigningKey; readonly origin: string; readonly tenant: string }

type To = SubscriptionsFile['subscriptions'][number]['to'];

const senderOf = (to: To, allow: readonly string[], { bus, key, origin, tenant }: SiemPorts): SendBatch => {
  const outgoing = createOutgoing({ allow });
  const token = (file: string) => async (): Promise<string> => (await readFile(file, 'utf8')).trim();
  switch (to.kind) {
    case 'ocsf-kafka': return ocsfKafka(bus, key, origin, tenant);
    case 'ocsf-http': return ocsfHttp(outgoing, to.url, origin, to.token === undefined ? undefined : token(to.token));
    case 'splunk-hec': return splunkHec(outgoing, to.url, origin, token(to.token));
    case 'cef-syslog': return cefSyslog(createAddressCheck({ allow }), to, origin);
  }
};

/** Subscriptions of the file that CS_SUBSCRIPTIONS names; none where it names none. Throws with the place of what is wrong. */
export const openSubscriptions = async (file: string | undefined, ports: SiemPorts): Promise<readonly Subscription[]> => {
  if (file === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`CS_SUBSCRIPTIONS names ${file}, which cannot be read as JSON: ${(error as Error).message}`);
  }
  if (!validateSubscriptionsFile(value)) throw new Error(`${file} is no file of subscriptions: ${validateSubscriptionsFile.errors?.[0]?.instancePath ?? ''} ${validateSubscriptionsFile.errors?.[0]?.message ?? ''} (contracts/schemas/audit/SubscriptionsFile.v1.schema.json)`);
  const { allow = [], subscriptions } = value;
  const twice = subscriptions.find(({ name }, i) => subscriptions.findIndex((other) => other.name === name) !== i);
  if (twice) throw new Error(`${file} has two subscriptions called ${twice.name}: the cursor is kept by name`);
  return subscriptions.map(({ name, to, filter = {}, from = 'now' }) => ({ name, kind: to.kind, filter, from, send: senderOf(to, allow, ports) }));
};
