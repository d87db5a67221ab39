import type { KeySet } from '@countersign/identity';
import type { Deadlines } from './deadlines.ts';
import type { RuntimeTransport } from './transport.ts';

/** What every part of one runtime shares. */
export interface RuntimeContext {
  readonly agent: string;
  readonly tenant: string;
  /** A new client assertion (RFC 7523), each used once; undefined where none can be had now. */
  readonly assertion: () => string | undefined;
  /** Who holds the session for the agent (`gateway`); undefined: the agent itself. */
  readonly via: string | undefined;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  /** Where receipts are; undefined: none can be had. */
  readonly auditUrl: string | undefined;
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
