import type { AuditLeaf } from '@countersign/contracts';
import { oversightOf } from './oversight.ts';
import { retentionOf } from './retention.ts';
import { statementSource } from './statement.ts';
import type { Statement } from './statement.ts';
import { fieldsOf, idOf, numberOf } from './reading.ts';

/** One record of the bus, as it was read. */
export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Broker append time, epoch ms. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** Under this header stands why a record is not the word of who may write its topic; audit alone puts it there. */
export const refusedHeader = 'cs_audit_refused';
/** Type of an entry of which nothing could be verified: kept as it came, and nobody's word. */
export const rejectedType = 'countersign.audit.rejected.v1';

export interface DecisionDigest {
  readonly decision: string;
  readonly tier: number;
  readonly code: string | null;
  /** Version of the rule bundle. */
  readonly policy: string;
  /** Ids of the rules that fired, at most 32; the payload has all of them with their reasons. */
  readonly rules: readonly string[];
  /** 1 for the proposal, one more for each answer of people or arrived fact. */
  readonly round: number | null;
  /** Recorded of an observed agent and not enforced. */
  readonly observed: boolean;
}

/**
 * What becomes of one record of the bus in the log: a small leaf of pseudonymous ids and digests. What was said stands in the payload,
 * which is kept apart, so that it can be erased while every proof stays valid.
 * Leaf format, version 1: JSON in UTF-8 with its members in this order (contracts/schemas/audit/AuditLeaf.v1.schema.json); hashed as
 * stored, never serialised again. A reader refuses a `v` it does not know.
 */
export type Leaf = AuditLeaf;

/** What the leaf needs of its surroundings. */
export interface LeafContext {
  /** Salted commitment to the payload, base64url. */
  readonly commitment: string;
  /** A person's name in the log: cannot be turned back by whoever has only the log. */
  readonly pseudonym: (person: string) => string;
  /** SHA-256, base64url. */
  readonly digest: (text: string) => string;
  /** Digest of what was shown to whoever signed this statement; null where it says none. */
  readonly shownTo: (statement: string) => string | null;
}

/** Leaves stay small, so that proofs and bundles do (DESIGN 9). */
export const maxLeafBytes = 8 * 1024;
/**
 * What is larger is not kept: the record says its digest and where it was read. More than anything that may be written to a topic that is recorded
 * (`maxMessageBytes` of contracts/topics.yaml), so it takes a broker that does not enforce its limits.
 */
export const maxPayloadBytes = 600 * 1024;
/** Clocks further apart are flagged. A record may wait for its publisher during an outage, so being late is no proof of a wrong clock; being early is. */
export const skewBoundMs = 10_000;

const decisionOf = (fields: Readonly<Record<string, unknown>>): DecisionDigest | null => {
  const decision = fieldsOf(fields['decision']);
  const [said, tier] = [idOf(decision['decision'], 16), numberOf(decision['tier'])];
  if (said === null || tier === null) return null;
  const rules = Array.isArray(decision['rules']) ? decision['rules'] : [];
  return {
    decision: said, tier, code: idOf(decision['code'], 64), policy: idOf(decision['policyVersion']) ?? '',
    rules: rules.slice(0, 32).map((rule) => idOf(fieldsOf(rule)['id'], 96) ?? 'unknown'), round: numberOf(fields['round']), observed: decision['mode'] === 'observe',
  };
};

const restedOf = (fields: Readonly<Record<string, unknown>>): Leaf['rested'] => {
  const snapshots = fieldsOf(fields['snapshots']);
  const [agent, tool] = [numberOf(snapshots['agent']), numberOf(snapshots['tool'])];
  return agent === null || tool === null ? null : { agent, tool };
};

/** Exactly these members of a snapshot are the permission set, in this order: its digest is comparable over versions. */
const permissionSet = ['status', 'roles', 'permissions', 'scoped', 'requestable', 'ceiling', 'limits', 'runtimeTrusted'] as const;

const permissionsOf = (type: string, fields: Readonly<Record<string, unknown>>, digest: LeafContext['digest']): string | null => {
  if (type === 'countersign.registry.agent.v1') return digest(JSON.stringify(permissionSet.map((name) => fields[name] ?? null)));
  const { scope } = fieldsOf(fields['token']);
  return typeof scope === 'string' ? digest(scope) : null;
};

const streamOf = (fields: Readonly<Record<string, unknown>>, pseudonym: LeafContext['pseudonym']): string | null => {
  const stream = fields['stream'];
  if (typeof stream !== 'string') return null;
  return stream.startsWith('person:') ? `person:${pseudonym(stream.slice('person:'.length))}` : idOf(stream, 160);
};

const clocksOf = (source: SourceRecord): Pick<Leaf, 'said' | 'skew'> => {
  const said = Date.parse(source.headers['ce_time'] ?? '');
  if (!Number.isSafeInteger(said)) return { said: null, skew: null };
  return { said, skew: Math.abs(said - source.at) > skewBoundMs ? said - source.at : null };
};

/** What a service's event is about, where it says so: the question of an approval, a blind review. */
const aboutOf = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const data = fieldsOf(fields['data']);
  const question = fieldsOf(data['question']);
  return typeof question['run'] === 'string' ? question : typeof data['run'] === 'string' ? data : fields;
};

/** What audit itself says of a record, or in it. */
const statesOf = (source: SourceRecord, refused: string | null, fields: Readonly<Record<string, unknown>>): Leaf['states'] => {
  if (source.topic === statementSource) return fieldsOf(fields['states']) as Statement['states'];
  if (refused !== null) return { what: 'event_rejected', code: refused };
  return source.value.length > maxPayloadBytes ? { what: 'payload_by_reference', bytes: source.value.length } : null;
};

/** What is kept instead of a payload that is too large: what it was, and where it lies as long as the bus has it. @param sha256 base64url */
export const referenceTo = ({ topic, partition, offset, value }: SourceRecord, sha256: string): string =>
  JSON.stringify({ reference: { topic, partition, offset: String(offset), bytes: value.length, sha256 } });

/** Builds the leaf of a record. @param body the record's JSON, or undefined where its bytes are none */
export const leafOf = (source: SourceRecord, body: unknown, context: LeafContext): Leaf => {
  // Of what was refused as unreadable nothing was verified, whatever it says of itself.
  const refused = idOf(source.headers[refusedHeader]);
  const rejected = refused !== null || /-dead\.v\d+$/.test(source.topic);
  const fields = rejected ? {} : fieldsOf(body);
  const about = aboutOf(fields);
  const type = rejected ? null : idOf(source.headers['ce_type']);
  const position = fields['position'];
  const decision = decisionOf(fields);
  const oversight = oversightOf(fields, source.at, context);
  return {
    v: 1,
    id: idOf(source.headers['ce_id']) ?? `${source.topic}/${source.partition}/${source.offset}`,
    type: type ?? rejectedType,
    tenant: idOf(source.headers['tenant']) ?? '',
    source: { topic: source.topic, partition: source.partition, offset: String(source.offset) },
    at: source.at,
    ...clocksOf(source),
    stream: streamOf(fields, context.pseudonym),
    run: idOf(about['run']),
    agent: idOf(about['agent']),
    action: idOf(about['action']),
    tool: idOf(about['tool']),
    rested: restedOf(fields),
    permissions: permissionsOf(type ?? '', fields, context.digest),
    position: typeof position === 'number' && Number.isSafeInteger(position) ? position : null,
    decision,
    oversight,
    outcome: fields['kind'] === 'action.outcome' ? idOf(fieldsOf(fields['message'])['status'], 32) : null,
    retention: retentionOf({ topic: source.topic, type: type ?? '', tier: decision?.tier ?? 0, overseen: oversight.length > 0 }),
    trace: idOf(source.headers['traceparent'], 64),
    states: statesOf(source, refused, fields),
    payload: context.commitment,
  };
};
