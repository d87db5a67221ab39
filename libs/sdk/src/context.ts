import type { KeySet, SigningKey } from '@countersign/identity';
import type { Deadlines } from './deadlines.ts';
import type { RuntimeTransport } from './transport.ts';

/** What every part of one runtime shares. */
export interface RuntimeContext {
  readonly agent: string;
  readonly tenant: string;
  readonly clientKey: SigningKey;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  readonly tokenAudience: string;
  readonly transport: RuntimeTransport;
  readonly grantKeys: KeySet | undefined;
  readonly now: () => number;
  /** A new UUIDv7. */
  readonly ids: () => string;
  readonly fetch: typeof fetch;
  readonly deadlines: Deadlines;
  readonly decisionTimeoutMs: number;
  readonly attestEveryMs: number;
  readonly sendTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** Tools whose last decision needed no claim: their proposals need no attestation of their own. */
  readonly unclaimedTools: Set<string>;
}
