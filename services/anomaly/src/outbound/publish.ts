import { envelope, partitionFor } from '@countersign/bus';
import type { Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AnomalyLevel, Disposition } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { levelKey } from '@countersign/service-host';
import { randomUUID } from 'node:crypto';
import type { Said } from '../app/score.ts';
import type { Meeting, Observation, Sighting } from '../core/observation.ts';
import { toDetection } from './ocsf.ts';
import type { Seal } from './seal.ts';

/** An observation for the partition of its agent, sealed. */
export const observationMessage = (seen: Observation | Sighting | Meeting, partition: number, { seal }: Seal): Outgoing => seal({
  topic: topic.anomalyActions, key: seen.agent, partition, value: Buffer.from(JSON.stringify(seen)),
  headers: envelope({ id: `${seen.run}:${seen.kind}${'action' in seen ? `:${seen.action}` : ''}${'thing' in seen ? `:${seen.thing}` : ''}`, type: 'countersign.anomaly.action.v1', source: 'anomaly', time: seen.now, tenant: seen.tenant }),
});

/** An analyst's word: into the stream that is folded (asked), and on the record as it was taken. */
export const dispositionMessage = (to: string, said: Disposition, key: SigningKey, partition?: number): Outgoing => signServiceMessage({
  topic: to, key: said.agent, ...(partition !== undefined && { partition }), value: Buffer.from(JSON.stringify(said)),
  headers: envelope({ id: `${said.finding}:${said.person}:${said.at}`, type: 'countersign.anomaly.disposition.v1', source: 'anomaly', time: said.at, tenant: said.tenant }),
}, key);

/** The level of each agent as a batch leaves it: the ones in between were never to be seen, since the batch is one transaction and a level says all there is to say. */
const lastOfEach = (levels: Said['levels']): readonly AnomalyLevel[] => [...new Map(levels.map((level) => [levelKey(level), level])).values()];

/** What scoring says, signed by anomaly; findings also as OCSF; and what other partitions are told. Levels and findings go to the partition of their agent, which is the one they were scored in. */
export const saidMessages = ({ levels, findings, dispositions, forwards }: Said, key: SigningKey, seal: Seal, partitions: number): readonly Outgoing[] => [
  ...forwards.map((one) => observationMessage(one, one.kind === 'sighting' ? one.thing % partitions : partitionFor(one.agent, partitions), seal)),
  ...findings.flatMap((finding) => {
    const headers = (type: string) => envelope({ id: finding.finding, type, source: 'anomaly', time: finding.at, tenant: finding.tenant });
    return [
      signServiceMessage({ topic: topic.anomalyFindings, key: finding.agent, value: Buffer.from(JSON.stringify(finding)), headers: headers('countersign.anomaly.finding.v1') }, key),
      signServiceMessage({ topic: topic.anomalyDetections, key: finding.agent, value: Buffer.from(JSON.stringify(toDetection(finding))), headers: headers('countersign.anomaly.detection.v1') }, key),
    ];
  }),
  ...dispositions.map((one) => dispositionMessage(topic.anomalyFindings, one, key)),
  ...lastOfEach(levels).map((level) => signServiceMessage({
    topic: topic.anomalyLevels, key: levelKey(level), partition: partitionFor(level.agent, partitions), value: Buffer.from(JSON.stringify(level)),
    headers: envelope({ id: `${level.tenant}:${level.agent}@${level.position}`, type: 'countersign.anomaly.level.v1', source: 'anomaly', time: level.at, tenant: level.tenant }),
  }, key)),
];

/** Signs the heartbeats of the levels. */
export const heartbeatHeaders = (key: SigningKey, tenant: string) => (beatKey: string, value: Buffer, at: number): Readonly<Record<string, string>> =>
  signServiceMessage({
    topic: topic.anomalyLevels, key: beatKey, value,
    headers: envelope({ id: randomUUID(), type: 'countersign.anomaly.heartbeat.v1', source: 'anomaly', time: at, tenant }),
  }, key).headers;
