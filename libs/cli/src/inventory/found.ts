import { personIdOf } from '@countersign/registry/core/person-id';
import type { ImportAgentsRequest } from '@countersign/contracts';

export type DraftRow = ImportAgentsRequest['agents'][number];

/** A secret or key as an export describes it: never the secret itself. Times epoch ms; null: the source says there is none; undefined: it does not say. */
export interface Credential {
  readonly kind: 'secret' | 'key';
  /** What the same credential has in common wherever it is used: a thumbprint, a key id. */
  readonly fingerprint: string | undefined;
  readonly label: string;
  readonly startsAt: number | undefined;
  readonly endsAt: number | null | undefined;
}

/** One agent, service account or app found somewhere. `place`: where in its file, for people. */
export interface Found {
  readonly source: string; readonly place: string;
  readonly row: DraftRow;
  readonly credentials: readonly Credential[];
  /** Scopes, roles and permissions as the source names them. */
  readonly scopes: readonly string[];
  /** null: never, says the source; undefined: it does not say. */
  readonly lastUsedAt: number | null | undefined;
  /** Why this is a person's account with a machine behind it; undefined where nothing says so. */
  readonly humanBecause: string | undefined;
}

/** A row that was not taken, and how to mend it. Line and column as an editor counts them, where there are any. */
export interface Fault { readonly line: number | null; readonly column: string | null; readonly why: string; readonly remedy: string }

export interface Reading { readonly found: readonly Found[]; readonly faults: readonly Fault[]; readonly notes: readonly string[] }

/** Most agents of one file, and its most bytes. */
export const mostRows = 10_000, mostBytes = 20 * 1024 * 1024;

/** Text of strangers as it may stand in a name: one line, well formed, cut. */
export const label = (value: unknown, most = 200): string => (typeof value === 'string' ? value.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim().slice(0, most).toWellFormed() : '');

/** Epoch ms of an RFC 3339 text; undefined where it is none. */
export const timeOf = (value: unknown): number | undefined => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
};

type Members = Readonly<Record<string, unknown>>;
export const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);
export const list = (value: unknown): readonly Members[] => (Array.isArray(value) ? value.filter(isMembers) : []);
export const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string').slice(0, 1_000) : []);

export { personIdOf };
