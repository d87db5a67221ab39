interface KafkaFailure { readonly type?: string; readonly name?: string; readonly cause?: unknown; readonly originalError?: unknown }

/** Kafka's name of what went wrong, looked for through kafkajs' wrappers. */
export const failureType = (error: unknown): string | undefined => {
  let at = error as KafkaFailure | undefined;
  for (let depth = 0; at !== undefined && at !== null && depth < 8; depth += 1) {
    if (typeof at.type === 'string') return at.type;
    at = (at.cause ?? at.originalError) as KafkaFailure | undefined;
  }
  return undefined;
};

const fencing = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']);

/** Another owner initialised the same transactional id, or the broker gave this one up. */
export const isFenced = (error: unknown): boolean => fencing.has(failureType(error) ?? '');

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
