/** Whose data a payload is: everything under one subject is erased together. */
export interface Subject {
  readonly tenant: string;
  /** `run:…`, `person:<pseudonym>`, `agent:…`, or the topic of what belongs to nobody. */
  readonly subject: string;
  /** Pseudonym of the person on whose behalf it came about; erasing them erases it. */
  readonly person: string | null;
}

export interface DataKey {
  readonly id: string;
  /** 32 bytes, AES-256. */
  readonly key: Uint8Array;
}

/**
 * Data keys per tenant and subject, wrapped by a key that a key management service holds. Kept outside the log's database and its backups:
 * a key that is destroyed must not come back with a restored backup.
 */
export interface SubjectKeys {
  /** A key for each subject, in order; new ones are durable before this resolves. */
  keysFor(subjects: readonly Subject[]): Promise<readonly DataKey[]>;
  /** The key of this id; undefined once it was destroyed. */
  open(id: string): Promise<Uint8Array | undefined>;
  /** The keys of a run or other subject, or of a person and everything on their behalf. */
  find(tenant: string, whose: { readonly subjects: readonly string[] } | { readonly person: string }): Promise<readonly FoundKey[]>;
  /** Destroys keys for good; durable when it resolves. Those that are gone already are passed over. */
  destroy(ids: readonly string[]): Promise<void>;
}

export interface FoundKey {
  readonly id: string;
  readonly subject: string;
  readonly persons: readonly string[];
}

/** A key management service: wraps data keys under a key that never leaves it. */
export interface KeyManagement {
  /** Names the wrapping key, so that an older one stays usable for unwrapping. */
  readonly keyId: string;
  wrap(key: Uint8Array): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}
