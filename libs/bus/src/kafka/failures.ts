import { BusError } from '../errors.ts';

interface KafkaFailure { readonly type?: string; readonly name?: string; readonly code?: string; readonly message?: string; readonly cause?: unknown; readonly originalError?: unknown }

/** Kafka's name of what went wrong, looked for through kafkajs' wrappers. */
export const failureType = (error: unknown): string | undefined => {
  let at = error as KafkaFailure | undefined;
  for (let depth = 0; at !== undefined && at !== null && depth < 8; depth += 1) {
    if (typeof at.type === 'string') return at.type;
    at = (at.cause ?? at.originalError) as KafkaFailure | undefined;
  }
  return undefined;
};

/** Kafka's error codes that this adapter may meet in answers it reads itself, by the names kafkajs gives them. */
const codes: Readonly<Record<number, string>> = {
  1: 'OFFSET_OUT_OF_RANGE', 2: 'CORRUPT_MESSAGE', 3: 'UNKNOWN_TOPIC_OR_PARTITION', 5: 'LEADER_NOT_AVAILABLE', 6: 'NOT_LEADER_FOR_PARTITION', 7: 'REQUEST_TIMED_OUT',
  10: 'MESSAGE_TOO_LARGE', 14: 'GROUP_LOAD_IN_PROGRESS', 15: 'GROUP_COORDINATOR_NOT_AVAILABLE', 16: 'NOT_COORDINATOR_FOR_GROUP', 19: 'NOT_ENOUGH_REPLICAS', 20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 29: 'TOPIC_AUTHORIZATION_FAILED', 45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  46: 'DUPLICATE_SEQUENCE_NUMBER', 47: 'INVALID_PRODUCER_EPOCH', 48: 'INVALID_TXN_STATE', 49: 'INVALID_PRODUCER_ID_MAPPING', 51: 'CONCURRENT_TRANSACTIONS', 53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  56: 'KAFKA_STORAGE_ERROR', 59: 'UNKNOWN_PRODUCER_ID', 74: 'FENCED_LEADER_EPOCH', 75: 'UNKNOWN_LEADER_EPOCH', 90: 'PRODUCER_FENCED', 120: 'TRANSACTION_ABORTABLE',
};

/** What a broker refused, as an error with Kafka's name of it in `type`. */
export const brokerError = (code: number, what: string): Error => {
  const type = codes[code] ?? `KAFKA_ERROR_${code}`;
  return Object.assign(new Error(`the broker refused ${what}: ${type}`), { type });
};

const untrusted = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** What an operator can put right about a connection that was refused, as a BusError; anything else as it is. */
export const explained = (error: unknown, brokers: readonly string[]): unknown => {
  let at = error as KafkaFailure | undefined;
  for (let depth = 0; at !== undefined && at !== null && depth < 8; depth += 1) {
    if (at.name === 'KafkaJSSASLAuthenticationError') return new BusError('bus_not_authenticated', `${brokers.join(', ')} did not accept the user name and password (${String(at.message)}): set CS_KAFKA_SASL_MECHANISM, CS_KAFKA_SASL_USERNAME and CS_KAFKA_SASL_PASSWORD to what the broker knows`);
    if (untrusted.has(at.code ?? '')) return new BusError('bus_not_trusted', `the certificate of ${brokers.join(', ')} is not trusted (${String(at.message)}): name the PEM file of its authority in CS_KAFKA_CA_FILE`);
    at = (at.cause ?? at.originalError) as KafkaFailure | undefined;
  }
  return error;
};

const fencing = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']);

/** Another owner initialised the same transactional id, or the broker gave this one up. */
export const isFenced = (error: unknown): boolean => fencing.has(failureType(error) ?? '');

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
