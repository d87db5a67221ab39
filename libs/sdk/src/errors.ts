import type { DecisionKind, Tier } from '@countersign/contracts';

/** An action that must not run: denied by policy, by people, by a halt, or because no answer came (no answer means no). */
export class ActionDenied extends Error {
  /** A code of contracts/errors.yaml; `timeout` where no decision came in time. */
  readonly code: string;
  readonly detail: string;
  readonly action: string;
  readonly tool: string;
  readonly tier: Tier | null;
  readonly decision: DecisionKind | null;
  constructor(about: { code: string; detail: string | null; action: string; tool: string; tier?: Tier | null; decision?: DecisionKind | null }) {
    super(`${about.tool} denied (${about.code})${about.detail ? `: ${about.detail}` : ''}`);
    this.name = 'ActionDenied';
    this.code = about.code;
    this.detail = about.detail ?? '';
    this.action = about.action;
    this.tool = about.tool;
    this.tier = about.tier ?? null;
    this.decision = about.decision ?? null;
  }
}

/** A run that cannot be opened or cannot go on. */
export class RunFailed extends Error {
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, detail: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(`${detail} (${code})`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RunFailed';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
