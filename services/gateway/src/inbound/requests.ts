import { validateJsonObject, validateMoney } from '@countersign/contracts';
import type { JsonObject, Money, OutcomeStatus, RunEnded } from '@countersign/contracts';
import { fromRfc3339, isUuidV7 } from '@countersign/kernel';

type Fields = Record<string, unknown>;
const object = (value: unknown, required: readonly string[], optional: readonly string[] = []): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && required.every((key) => Object.hasOwn(value, key)) && Object.keys(value).every((key) => required.includes(key) || optional.includes(key));
const text = (value: unknown, max: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= max;
const absent = (value: unknown): boolean => value === undefined || value === null;
const optionalText = (value: unknown, max: number): boolean => absent(value) || text(value, max);
const whole = (value: unknown, max: number): boolean => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

export interface OpenBody { readonly client_assertion: string; readonly instruction: { readonly text: string; readonly attestation?: string | null }; readonly purpose?: string }
export interface RenewBody { readonly client_assertion: string }
export interface ProposeBody {
  readonly action?: string; readonly tool: string; readonly arguments: JsonObject; readonly deadline?: string | null;
  readonly reason?: string | null; readonly confidence?: number | null; readonly wait_ms?: number;
}
export interface OutcomeBody { readonly status: OutcomeStatus; readonly result?: string | null; readonly error?: string | null; readonly cost?: Money | null; readonly tokens?: number | null; readonly duration_ms?: number | null }
export interface CancelBody { readonly reason: string }
export interface EndBody { readonly reason?: RunEnded['reason'] }

/** Longest wait for a decision, ms, and what it is when not given. */
export const maxWaitMs = 30_000;
export const defaultWaitMs = 10_000;

const statuses: readonly unknown[] = ['succeeded', 'failed', 'partial', 'unknown', 'not_executed'] satisfies readonly OutcomeStatus[];

export const isOpenBody = (value: unknown): value is OpenBody =>
  object(value, ['client_assertion', 'instruction'], ['purpose']) && text(value['client_assertion'], 8_192) && (value['purpose'] === undefined || text(value['purpose'], 500))
  && object(value['instruction'], ['text'], ['attestation']) && text(value['instruction']['text'], 32_768) && optionalText(value['instruction']['attestation'], 8_192);

export const isRenewBody = (value: unknown): value is RenewBody => object(value, ['client_assertion']) && text(value['client_assertion'], 8_192);

export const isProposeBody = (value: unknown): value is ProposeBody =>
  object(value, ['tool', 'arguments'], ['action', 'deadline', 'reason', 'confidence', 'wait_ms'])
  && (value['action'] === undefined || (typeof value['action'] === 'string' && isUuidV7(value['action'])))
  && text(value['tool'], 128) && /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(value['tool']) && validateJsonObject(value['arguments'])
  && (absent(value['deadline']) || (text(value['deadline'], 40) && fromRfc3339(value['deadline']) !== undefined))
  && optionalText(value['reason'], 2_000)
  && (absent(value['confidence']) || (typeof value['confidence'] === 'number' && value['confidence'] >= 0 && value['confidence'] <= 1))
  && (value['wait_ms'] === undefined || whole(value['wait_ms'], maxWaitMs));

export const isOutcomeBody = (value: unknown): value is OutcomeBody =>
  object(value, ['status'], ['result', 'error', 'cost', 'tokens', 'duration_ms']) && statuses.includes(value['status'])
  && (absent(value['result']) || (typeof value['result'] === 'string' && value['result'].length <= 65_536))
  && (absent(value['error']) || (typeof value['error'] === 'string' && value['error'].length <= 4_096))
  && (absent(value['cost']) || validateMoney(value['cost'])) && (absent(value['tokens']) || whole(value['tokens'], 1e12)) && (absent(value['duration_ms']) || whole(value['duration_ms'], 1e12));

export const isCancelBody = (value: unknown): value is CancelBody => object(value, ['reason']) && text(value['reason'], 2_000);

export const isEndBody = (value: unknown): value is EndBody =>
  value === undefined || value === null || (object(value, [], ['reason']) && (value['reason'] === undefined || ['completed', 'failed', 'aborted'].includes(value['reason'] as string)));
