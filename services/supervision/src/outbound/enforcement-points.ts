import type { Bus, BusMessage } from '@countersign/bus';
import { topic, validateEnforcementReport } from '@countersign/contracts';
import type { EnforcementReport, PublicJwk } from '@countersign/contracts';
import { createKeySet, parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { Pool } from 'pg';
import { confirmation, counting, heard } from '../core/enforcement.ts';
import type { Point, Points } from '../core/enforcement.ts';

export interface EnforcementPoints {
  /** Those that count now. */
  now(): readonly Point[];
  confirmation(offset: bigint | undefined): ReturnType<typeof confirmation>;
  /** Enrols the key of a guard, or replaces it. Throws where it is no key. */
  enrol(guard: string, key: PublicJwk, by: string, at: number): Promise<void>;
  remove(guard: string): Promise<boolean>;
  /** Told of every report that counts. */
  onReport(tell: (report: EnforcementReport) => void): () => void;
  stop(): Promise<void>;
}

/** Kid of a guard's key, from its name: a guard speaks for itself alone. */
const kidOf = (guard: string): string => `${guard}-1`;
const pointOf = (guard: string): string => `guard/${guard}`;

/** Follows what enforcement points report; only what the service's own or the guard's enrolled key signed counts. */
export const followEnforcement = async (bus: Bus, pool: Pool, keys: KeySet, now: () => number, onError: (error: Error) => void): Promise<EnforcementPoints> => {
  const guards = new Map<string, KeySet>();
  const listeners = new Set<(report: EnforcementReport) => void>();
  let points: Points = new Map();
  const take = (guard: string, jwk: PublicJwk): void => { guards.set(guard, createKeySet([{ ...jwk, kid: kidOf(guard) }])); };
  const reload = async (): Promise<void> => {
    const { rows } = await pool.query<{ guard: string; jwk: PublicJwk }>('select guard, jwk from guard_key');
    for (const guard of guards.keys()) if (!rows.some((row) => row.guard === guard)) guards.delete(guard);
    for (const { guard, jwk } of rows) take(guard, jwk);
  };
  await reload();

  const signed = (message: BusMessage, { point, kind }: EnforcementReport): boolean => {
    const type = `countersign.enforcement.${kind}.v1`;
    if (message.key !== point || !point.startsWith(`${kind}/`)) return false;
    if (kind !== 'guard') return verifyServiceMessage(message, keys, { [type]: [kind === 'policy' ? 'policy' : 'supervision'] }).ok;
    const guard = point.slice('guard/'.length);
    return verifyServiceMessage(message, guards.get(guard) ?? new Map() as KeySet, { [type]: [kidOf(guard)] }).ok;
  };
  const following = await bus.follow({
    topics: [topic.enforcementReports], from: 'start', onError,
    onBatch: (messages) => {
      for (const message of messages) {
        if (message.value === null) continue;
        const parsed = parseStrictJson(message.value, { maxBytes: 4_096 });
        if (!parsed.ok || !validateEnforcementReport(parsed.value) || !signed(message, parsed.value)) continue;
        const report = parsed.value;
        const next = heard(points, report, now());
        if (next === points) continue;
        points = next;
        for (const tell of listeners) tell(report);
      }
    },
  });
  following.ended.catch(onError);
  // Another instance may have enrolled one.
  const reloading = setInterval(() => { reload().catch(onError); }, 5_000);
  reloading.unref();
  const current = (): readonly Point[] => counting(points, [...guards.keys()].map(pointOf), now());
  return {
    now: current,
    confirmation: (offset) => confirmation(current(), offset),
    enrol: async (guard, key, by, at) => {
      take(guard, key);
      await pool.query('insert into guard_key (guard, jwk, by, at) values ($1, $2, $3, $4) on conflict (guard) do update set jwk = excluded.jwk, by = excluded.by, at = excluded.at', [guard, JSON.stringify(key), by, at]);
      // What the old key said does not speak for the new one.
      points = new Map([...points].filter(([point]) => point !== pointOf(guard)));
    },
    remove: async (guard) => {
      const { rowCount } = await pool.query('delete from guard_key where guard = $1', [guard]);
      guards.delete(guard);
      return rowCount === 1;
    },
    onReport: (tell) => { listeners.add(tell); return () => { listeners.delete(tell); }; },
    stop: async () => { clearInterval(reloading); await following.stop(); },
  };
};
