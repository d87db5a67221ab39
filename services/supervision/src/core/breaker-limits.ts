import type { BreakerLimits } from './breaker.ts';
import type { Complain } from './playbook.ts';

type Fields = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const known = ['scope', 'match', 'window', 'minimum', 'errors', 'denials', 'spend', 'cool', 'trial'];
const most = 200;

const timeOf = (value: unknown, fallback: number, path: string, complain: Complain): number => {
  if (value === undefined) return fallback;
  const [, count, unit] = /^(\d{1,5})([smh])$/.exec(String(value)) ?? [], ms = Number(count) * (units[unit ?? ''] ?? Number.NaN);
  if (!(ms >= 5_000 && ms <= 3_600_000)) complain(path, 'is a time of 5s to 1h');
  return ms;
};
const numberOf = (value: unknown, fallback: number, path: string, complain: Complain): number => {
  if (value !== undefined && (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > 100_000)) complain(path, 'is a whole number from 1 to 100000');
  return (value ?? fallback) as number;
};
const shareOf = (value: unknown, path: string, complain: Complain): number | null => {
  if (value !== undefined && (typeof value !== 'number' || !(value > 0 && value <= 1))) complain(path, 'is a share above 0, up to 1');
  return (value ?? null) as number | null;
};

const limitOf = (value: unknown, n: number, complain: Complain): BreakerLimits => {
  const path = `breakers[${n}]`, one = isMap(value) ? value : {};
  if (!isMap(value)) complain(path, 'is a map of scope, match and limits');
  for (const field of Object.keys(one)) if (!known.includes(field)) complain(`${path}.${field}`, `is no known field: there are ${known.join(', ')}`);
  const { scope, match = '*', spend } = one;
  if (scope !== 'agent' && scope !== 'tool') complain(scope === undefined ? path : `${path}.scope`, 'scope is agent or tool');
  if (typeof match !== 'string' || !/^[A-Za-z0-9_.:*-]{1,128}$/.test(match)) complain(`${path}.match`, 'is an id in which * stands for any characters');
  const money = isMap(spend) && Number.isSafeInteger(spend['minor']) && (spend['minor'] as number) >= 0 && /^[A-Z]{3}$/.test(String(spend['currency'])) ? { minor: spend['minor'] as number, currency: String(spend['currency']) } : null;
  if (spend !== undefined && money === null) complain(`${path}.spend`, 'needs minor (a whole number) and currency (ISO 4217)');
  const limits: BreakerLimits = {
    scope: scope as BreakerLimits['scope'], match: String(match), windowMs: timeOf(one['window'], 60_000, `${path}.window`, complain), minimum: numberOf(one['minimum'], 20, `${path}.minimum`, complain),
    errors: shareOf(one['errors'], `${path}.errors`, complain), denials: shareOf(one['denials'], `${path}.denials`, complain), spend: money, coolMs: timeOf(one['cool'], 60_000, `${path}.cool`, complain), trial: numberOf(one['trial'], 5, `${path}.trial`, complain),
  };
  if (limits.errors === null && limits.denials === null && limits.spend === null) complain(path, 'needs errors, denials or spend');
  if (scope === 'tool' && limits.denials !== null) complain(`${path}.denials`, 'is for agents: a tool denies nobody');
  return limits;
};

/** Reads `breakers:` of what the operator wrote; the first that fits an agent or a tool counts. */
export const readLimits = (value: unknown, complain: Complain): readonly BreakerLimits[] => {
  const list = isMap(value) ? value['breakers'] : undefined;
  if (!Array.isArray(list) || list.length > most || Object.keys(value as Fields).length > 1) { complain('', `a file has breakers: a list of up to ${most}, and nothing else`); return []; }
  return list.map((one, n) => limitOf(one, n, complain));
};
