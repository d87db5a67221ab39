/**
 * What becomes of one record of the bus in the log: a small pseudonymous leaf that commits to the payload, which is kept apart.
 * Leaf format, version 1: JSON in UTF-8 with keys in the order of `Leaf`; hashed as stored, never serialised again.
 */
export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Broker append time, epoch ms. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

export interface DecisionDigest {
  readonly decision: string;
  readonly tier: number;
  readonly code: string | null;
  readonly policy: string;
  readonly rules: readonly string[];
}

export interface Leaf {
  readonly v: 1;
  readonly id: string;
  readonly type: string;
  readonly tenant: string;
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: string };
  readonly at: number;
  readonly run: string | null;
  readonly agent: string | null;
  readonly action: string | null;
  /** Dense number of the governed record in its partition: a gap is a missing record. */
  readonly position: number | null;
  readonly decision: DecisionDigest | null;
  readonly trace: string | null;
  /** Salted commitment to the payload, base64url. */
  readonly payload: string;
}

/** Leaves stay small, so that proofs and bundles do (DESIGN 9). */
export const maxLeafBytes = 8 * 1024;

const text = (value: unknown, max = 256): string | null => (typeof value === 'string' ? value.slice(0, max) : null);
const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});

const decisionOf = (value: unknown): DecisionDigest | null => {
  const decision = record(value);
  if (typeof decision['decision'] !== 'string') return null;
  const rules = Array.isArray(decision['rules']) ? decision['rules'] : [];
  return {
    decision: decision['decision'],
    tier: Number(decision['tier']),
    code: text(decision['code']),
    policy: text(decision['policyVersion']) ?? '',
    // Rule ids of the pack are short and few; the whole list is in the payload.
    rules: rules.slice(0, 32).map((rule) => text(record(rule)['id'], 128) ?? ''),
  };
};

/**
 * Builds the leaf of a record.
 * @param body the record's JSON, or undefined where its bytes are none (a dead letter): the leaf then says only whence it came
 * @param commitment of the payload, base64url
 */
export const leafOf = (source: SourceRecord, body: unknown, commitment: string): Leaf => {
  const fields = record(body);
  const position = fields['position'];
  return {
    v: 1,
    id: text(source.headers['ce_id']) ?? `${source.topic}/${source.partition}/${source.offset}`,
    type: text(source.headers['ce_type']) ?? 'countersign.audit.rejected.v1',
    tenant: text(source.headers['tenant']) ?? '',
    source: { topic: source.topic, partition: source.partition, offset: String(source.offset) },
    at: source.at,
    run: text(fields['run']),
    agent: text(fields['agent']),
    action: text(fields['action']),
    position: typeof position === 'number' && Number.isSafeInteger(position) ? position : null,
    decision: decisionOf(fields['decision']),
    trace: text(source.headers['traceparent']),
    payload: commitment,
  };
};
