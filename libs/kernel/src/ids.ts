/** Ids are branded strings: a run id cannot be passed where an agent id belongs. */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]?: Name };

export type TenantId = Id<'tenant'>;
export type AgentId = Id<'agent'>;
export type PersonId = Id<'person'>;
export type RunId = Id<'run'>;
export type ActionId = Id<'action'>;
export type ToolName = Id<'tool'>;
export type ApprovalId = Id<'approval'>;
export type HaltId = Id<'halt'>;

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a UUID version 7 in its canonical lower-case form (RFC 9562). */
export const isUuidV7 = (text: string): boolean => uuidV7.test(text);

/**
 * Builds a UUIDv7 (RFC 9562 section 5.7) from a time and ten random bytes; pure, so that ids can be data.
 * @param now milliseconds since the epoch, 48 bits
 * @param random at least 10 bytes
 */
export const uuidV7From = (now: number, random: Uint8Array): string => {
  const hex = (n: number, width: number) => n.toString(16).padStart(width, '0');
  const byte = (i: number) => random[i] ?? 0;
  const time = hex(now, 12);
  const randA = hex(0x7000 | ((byte(0) << 8 | byte(1)) & 0x0fff), 4);
  const randB = hex(0x8000 | ((byte(2) << 8 | byte(3)) & 0x3fff), 4);
  let tail = '';
  for (let i = 4; i < 10; i++) tail += hex(byte(i), 2);
  return `${time.slice(0, 8)}-${time.slice(8)}-${randA}-${randB}-${tail}`;
};

/** When a UUIDv7 says it was made, milliseconds since the epoch; NaN where it is none. */
export const timeOfUuidV7 = (id: string): number => (isUuidV7(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : Number.NaN);

/**
 * The halt that policy puts on a run while a tier 4 action of it waits for a senior decision. It stops everything but that action:
 * a grant for it is that decision, whether or not the lift has arrived everywhere yet.
 */
export const seniorHaltId = (run: RunId, action: ActionId): HaltId => `tier4:${run}:${action}`;
