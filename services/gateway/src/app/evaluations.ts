import { errors } from '@countersign/contracts';
import type { AccessEvaluationResponse } from '@countersign/contracts';
import { ActionDenied } from '@countersign/sdk';
import type { ActionDecision, ProposedAction, Run } from '@countersign/sdk';
import { CodedError } from '@countersign/service-host';
import { Malformed } from '../core/authzen.ts';
import type { Evaluation, Evaluations } from '../core/authzen.ts';
import { proposalOf } from '../core/authzen-mapping.ts';
import type { Asked } from '../core/authzen-mapping.ts';
import type { Account, Accounts } from './accounts.ts';
import type { Directory, RateLimit } from './ports.ts';
import { refusalOf } from './refusal.ts';
import type { RunBook } from './run-book.ts';

type Answer = AccessEvaluationResponse;
type Context = NonNullable<Answer['context']>;
/** An evaluation that was asked under an id, or waits: the same request again is answered from here. */
interface Asking { readonly asked: string; answer: Promise<Answer>; again: (() => Promise<Answer>) | undefined; over: ((now: number) => boolean) | undefined }
interface Evaluating { readonly account: Account; readonly asked: Asked; readonly run: Run; readonly proposed: ProposedAction }

/** Evaluations that are remembered per agent, and of them those that wait. */
const remembered = 1_000;

const said = (decision: boolean, { decision: outcome, tier, code, detail }: ActionDecision, { run, proposed }: Evaluating, more: Partial<Context> = {}): Answer => ({
  decision, context: { code, reason_user: { en: (detail ?? meaningOf(code)).slice(0, 2_000) }, outcome, ...(tier !== null && { tier }), run: run.id, action: proposed.action, ...more },
});
const meaningOf = (code: string): string => (Object.hasOwn(errors, code) ? errors[code as keyof typeof errors].meaning : code);

/**
 * Access Evaluations: each is a run of one proposal, decided by policy like any other and on the same record. True is said only where it may
 * go forward now: with the grant, and with supervision's claim where one is needed. People or facts that are awaited are false with what is
 * pending; the run stays open for them, every other run ends with its answer.
 */
export const createEvaluations = (ports: { readonly accounts: Accounts; readonly rate: RateLimit; readonly directory: Directory; readonly book: RunBook }) => {
  const { accounts, rate, directory, book } = ports;
  const asking = new Map<string, Map<string, Asking>>();

  const finish = ({ account, run, proposed }: Evaluating): void => {
    book.forget(run.id);
    const mine = asking.get(account.agent)?.get(proposed.action);
    if (mine !== undefined) mine.again = undefined;
    run.end('completed').catch(() => undefined); // else its life ends it
  };
  /** Keeps the run open and findable under /runs for the token's agent. */
  const hold = (one: Evaluating): void => {
    const { account, run, proposed, asked } = one;
    book.adopt({ agent: account.agent, run, asked: JSON.stringify(asked), proposed }, (token) => accounts.of(token) === account);
  };

  /** People or a fact are awaited; where there is no room to wait, it is taken back. */
  const waiting = (one: Evaluating): Asking => {
    try {
      hold(one);
      return remember(one.account, one.proposed.action, JSON.stringify(one.asked));
    } catch (error) {
      one.proposed.cancel('no room to wait for it').catch(() => undefined);
      finish(one);
      throw error;
    }
  };

  const granted = async (one: Evaluating, decision: ActionDecision): Promise<Answer> => {
    const { asked, proposed } = one;
    const given = { arguments: decision.arguments, grant: decision.grant! };
    if (decision.decision === 'modify' && !asked.wishes.modify) {
      proposed.outcome({ status: 'not_executed', error: 'the caller does not take modified arguments' }).catch(() => undefined);
      finish(one);
      return said(false, decision, one, { arguments: decision.arguments });
    }
    try {
      const permission = decision.claim || asked.wishes.report ? await proposed.permit() : undefined;
      if (asked.wishes.report) hold(one); else finish(one);
      return said(true, decision, one, { ...given, ...(permission && { session_proof: permission.sessionProof, ...(permission.claim !== null && { claim: permission.claim }) }) });
    } catch (error) {
      finish(one);
      if (!(error instanceof ActionDenied)) throw error;
      return said(false, { ...decision, decision: 'deny', code: error.code, detail: error.message }, one);
    }
  };

  const conclude = async (one: Evaluating, decision: ActionDecision): Promise<Answer> => {
    const { run, proposed } = one;
    switch (decision.decision) {
      case 'allow':
      case 'modify': return granted(one, decision);
      case 'deny':
        // No answer in time means no: it must not stay open at policy.
        if (decision.code === 'timeout') proposed.cancel('timeout').catch(() => undefined);
        finish(one);
        if (run.failed !== undefined && decision.round === null && decision.code === run.failed.code && decision.code !== 'run_closed') throw refusalOf(run.failed);
        return said(false, decision, one);
      default: {
        const mine = waiting(one);
        mine.over = (now) => run.failed !== undefined || now >= run.notAfter;
        mine.again = async () => {
          const { latest } = proposed;
          if (latest === undefined || latest.decision === decision.decision) return said(false, decision, one, { pending: { for: decision.decision === 'defer' ? 'fact' : 'people' } });
          mine.again = undefined;
          return mine.answer = conclude(one, latest);
        };
        return said(false, decision, one, { pending: { for: decision.decision === 'defer' ? 'fact' : 'people' } });
      }
    }
  };

  const remember = (account: Account, action: string, asked: string): Asking => {
    let own = asking.get(account.agent);
    if (own === undefined) asking.set(account.agent, own = new Map());
    const known = own.get(action);
    if (known !== undefined) return known;
    if (own.size >= remembered) {
      const oldest = [...own].find(([, one]) => one.again === undefined);
      if (oldest === undefined) throw new CodedError('rate_limited', `${remembered} evaluations of this agent wait for people: ask for fewer, or end some`, { retryAfterS: 30 });
      own.delete(oldest[0]);
    }
    const made: Asking = { asked, answer: Promise.resolve({ decision: false }), again: undefined, over: undefined };
    own.set(action, made);
    return made;
  };

  const begin = async (account: Account, asked: Asked): Promise<Answer> => {
    await rate.count(account.agent);
    const { wishes } = asked;
    const run = account.session.begin(await accounts.takeRun(account), wishes.instruction);
    const about = asked.subject.type === 'agent' ? null : `asked for ${asked.subject.type} ${asked.subject.id}`;
    const proposed = run.propose(asked.tool, asked.arguments, {
      ...(wishes.action !== undefined && { action: wishes.action }), deadline: wishes.deadline, confidence: wishes.confidence,
      reason: [about, wishes.reason].filter((one) => one !== null).join(': ') || null, timeoutMs: wishes.waitMs,
    });
    return conclude({ account, asked, run, proposed }, await proposed.decision);
  };

  const evaluate = async (account: Account, evaluation: Evaluation): Promise<Answer> => {
    if (!directory.speaksFor(account.agent, evaluation.subject)) throw new CodedError('forbidden', `${account.agent} may not ask for this subject: it is neither the agent itself nor one of its principals`);
    const asked = proposalOf(evaluation, (tool) => directory.schemaOf(tool));
    if (asked instanceof Malformed) throw new CodedError('invalid_request', asked.why);
    const { action } = asked.wishes;
    if (action === undefined) return begin(account, asked);
    const wanted = JSON.stringify({ ...asked, wishes: { ...asked.wishes, waitMs: 0 } });
    const before = asking.get(account.agent)?.get(action);
    if (before === undefined) {
      const mine = remember(account, action, wanted);
      mine.answer = begin(account, asked).catch((error: unknown) => { asking.get(account.agent)?.delete(action); throw error; });
      return mine.answer;
    }
    if (before.asked !== wanted && !sameWithoutId(before.asked, wanted)) throw new CodedError('action_conflict', 'this action id was used for another evaluation');
    await before.answer.catch(() => undefined);
    return before.again === undefined ? repeated(await before.answer) : before.again();
  };

  const failed = (error: unknown): Answer => {
    if (!(error instanceof CodedError)) throw error;
    const { status } = errors[error.code as keyof typeof errors] ?? { status: 500 };
    return { decision: false, context: { code: error.code, error: { status: error.status ?? status, message: error.message.slice(0, 4_096) } } };
  };

  return {
    evaluate,
    /** Lets go of what waited and is over. */
    sweep(now: number): void {
      for (const [agent, own] of asking) {
        for (const [action, one] of own) if (one.over?.(now) === true) own.delete(action);
        if (own.size === 0) asking.delete(agent);
      }
    },
    /** All of them, in order; what is wrong with one is its own answer. */
    async evaluateAll(account: Account, { items, semantic }: Evaluations): Promise<readonly Answer[]> {
      const one = (item: Evaluation | Malformed): Promise<Answer> =>
        (item instanceof Malformed ? Promise.reject(new CodedError('invalid_request', item.why)) : evaluate(account, item)).catch(failed);
      if (semantic === 'execute_all') return Promise.all(items.map(one));
      const answers: Answer[] = [];
      for (const item of items) {
        answers.push(await one(item));
        if (answers.at(-1)!.decision === (semantic === 'permit_on_first_permit')) break;
      }
      return answers;
    },
  };
};

/** A claim is made for one execution: who asks again after a true that had one is not told true twice. */
const repeated = (answer: Answer): Answer => (answer.context?.claim === undefined ? answer : {
  decision: false, context: { code: 'already_claimed', reason_user: { en: meaningOf('already_claimed') }, ...(answer.context.run && { run: answer.context.run }), ...(answer.context.action && { action: answer.context.action }) },
});

/** Asked first without an id and again under the id that the answer named. */
const sameWithoutId = (before: string, now: string): boolean => {
  const plain = (text: string): string => { const { wishes: { action: _id, waitMs: _wait, ...wishes }, ...rest } = JSON.parse(text) as Asked; return JSON.stringify({ ...rest, wishes }); };
  return plain(before) === plain(now);
};

export type EvaluationsApp = ReturnType<typeof createEvaluations>;
