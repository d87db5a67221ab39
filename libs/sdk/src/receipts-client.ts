import { createSessionProof } from '@countersign/identity';
import type { Receipt } from '@countersign/contracts';
import type { RuntimeContext } from './context.ts';
import { RunFailed } from './errors.ts';
import type { Session } from './session.ts';

/** Whom the session proof of a receipt is for. */
const audience = 'audit';

/**
 * The receipt of an action's last decision, from the audit log: it is there a moment after the reply, once the log has signed it.
 * Keep it as it is: it verifies offline with the log's key (`countersign receipt verify`). Throws RunFailed where none is there in time.
 */
export const getReceipt = async (context: RuntimeContext, session: Session, action: string, waitMs: number): Promise<Receipt> => {
  if (context.auditUrl === undefined) throw new RunFailed('not_configured', 'give the runtime an auditUrl to have receipts');
  const until = context.now() + waitMs;
  for (let pause = 50; ; pause = Math.min(pause * 2, 500)) {
    const answer = await ask(context, session, action, Math.max(500, Math.min(3_000, until - context.now())));
    if ('receipt' in answer) return answer.receipt;
    if (!answer.again || context.now() + pause >= until) throw new RunFailed(answer.code, answer.detail);
    await context.deadlines.delay(pause);
  }
};

type Answer = { readonly receipt: Receipt } | { readonly code: string; readonly detail: string; readonly again: boolean };

const ask = async (context: RuntimeContext, session: Session, action: string, timeoutMs: number): Promise<Answer> => {
  try {
    const response = await context.fetch(`${context.auditUrl}/receipts/${session.run}/${action}`, {
      redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json', authorization: `Bearer ${session.token().text}`, 'cs-session-proof': createSessionProof(action, audience, context.now(), session.key) },
    });
    const body = await response.json() as Receipt & { readonly code?: string; readonly detail?: string };
    return response.ok ? { receipt: body } : { code: body.code ?? 'bad_answer', detail: body.detail ?? `audit answered ${response.status}`, again: response.status === 404 || response.status >= 500 };
  } catch (error) {
    return { code: 'unreachable', detail: `audit does not answer: ${(error as Error).message}`, again: true };
  }
};
