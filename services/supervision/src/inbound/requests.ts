import type { HaltScope } from '@countersign/contracts';

const object = (value: unknown, ...keys: string[]): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).every((key) => keys.includes(key));
const text = (value: unknown, max: number): value is string => typeof value === 'string' && value.trim() !== '' && value.length <= max;

export interface HaltBody { readonly scope: HaltScope; readonly reason: string; readonly mode?: 'halt' | 'pause' }
export interface ReasonBody { readonly reason: string }
export interface ClaimBody { readonly grant: string }

export const isHaltBody = (value: unknown): value is HaltBody => {
  if (!object(value, 'scope', 'reason', 'mode') || !text(value['reason'], 2000) || !(value['mode'] === undefined || value['mode'] === 'halt' || value['mode'] === 'pause')) return false;
  const scope = value['scope'];
  if (!object(scope, 'kind', 'id')) return false;
  if (scope['kind'] === 'everything') return (scope['id'] ?? null) === null;
  return ['tenant', 'agent', 'tool', 'run'].includes(scope['kind'] as string) && text(scope['id'], 128);
};
export const isReasonBody = (value: unknown): value is ReasonBody => object(value, 'reason') && text(value['reason'], 2000);
export const isClaimBody = (value: unknown): value is ClaimBody => object(value, 'grant') && text(value['grant'], 8192);
