import type { ActionOutcome, Money, OutcomeStatus } from '@countersign/contracts';

/** What a caller says about an execution; what is left out is null on the record. */
export interface OutcomeReport {
  readonly status: OutcomeStatus;
  readonly result?: string | null;
  readonly error?: string | null;
  readonly cost?: Money | null;
  readonly tokens?: number | null;
  readonly durationMs?: number | null;
}

/** Longest result and error text sent, characters. */
export const maxResultLength = 16_384;
export const maxErrorLength = 1_000;

export const outcomeMessage = (action: string, report: OutcomeReport): ActionOutcome => ({
  action, status: report.status, result: clip(report.result, maxResultLength), error: clip(report.error, maxErrorLength),
  cost: report.cost ?? null, tokens: report.tokens ?? null, durationMs: report.durationMs === undefined || report.durationMs === null ? null : Math.max(0, Math.round(report.durationMs)),
});

/** Cut at a bound without leaving half a surrogate pair or a NUL, which the door refuses. */
const clip = (text: string | null | undefined, most: number): string | null =>
  text === null || text === undefined ? null : text.slice(0, most).toWellFormed().replaceAll('\0', '\uFFFD');

/** A tool's return value as the text that goes on the record. */
export const resultText = (value: unknown): string | null => {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return String(value);
  }
};

/** Whether an error leaves open if the tool did its work: a time-out or a broken connection after the request went out. Then the outcome is `unknown`, and nothing retries it. */
export const leavesOpen = (error: unknown): boolean => {
  const e = error as { name?: unknown; code?: unknown; outcomeUnknown?: unknown } | null;
  return e?.outcomeUnknown === true || e?.name === 'TimeoutError' || e?.name === 'AbortError' || e?.code === 'ECONNRESET' || e?.code === 'ETIMEDOUT' || e?.code === 'UND_ERR_SOCKET';
};
