import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { ChangeView } from '@countersign/contracts';

/** A request as it was filed: `digest` commits to subject, base and all that would be; who signs it has seen the diff that follows from them. */
export type Filed = Omit<ChangeView, 'status' | 'approvedBy' | 'closedAt'>;

export type ChangeEvent =
  | ({ readonly type: 'change.filed' } & Filed)
  | { readonly type: 'change.withdrawn'; readonly reason: string; readonly by: string; readonly at: number }
  /** Null where it only took away: nobody had to approve. */
  | { readonly type: 'change.applied'; readonly approvedBy: string | null; readonly jws: string | null; readonly at: number };

export type ChangeCommand =
  | { readonly type: 'file'; readonly filed: Filed; /** It only takes away, and who files it may: done with it. */ readonly atOnce: boolean; readonly now: number }
  | { readonly type: 'withdraw'; readonly reason: string; readonly by: string; /** Whether they answer for what it is about. */ readonly answers: boolean; readonly now: number }
  /** `base` and `digest` as they are now. `owner` of the subject, where it has one. `signed`: what the verified signature is under. */
  | { readonly type: 'approve'; readonly by: string; readonly jws: string; readonly signed: { readonly change: string; readonly digest: string }; readonly digest: string; readonly owner: string | null; readonly now: number };

export type ChangeCode = 'not_found' | 'change_closed' | 'change_stale' | 'self_approval' | 'signature_invalid' | 'forbidden';
export type Change = { readonly status: 'none' } | { readonly status: 'open' | 'applied' | 'withdrawn'; readonly filed: Filed; readonly approvedBy: string | null; readonly closedAt: number | null };

export const changeDecider: Decider<ChangeCommand, ChangeEvent, Change, ChangeCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'file') {
      if (state.status !== 'none') return nothingNew;
      const filed = { type: 'change.filed', ...command.filed } as const;
      return command.atOnce ? accepted(filed, { type: 'change.applied', approvedBy: null, jws: null, at: command.now }) : accepted(filed);
    }
    if (state.status === 'none') return refused('not_found', 'there is no such change request');
    if (command.type === 'withdraw' && state.status === 'withdrawn') return nothingNew;
    if (state.status !== 'open') return refused('change_closed', `the request is ${state.status}`);
    const { filed } = state;
    if (command.now >= filed.expiresAt) return refused('change_closed', 'the request has expired: file it again');
    if (command.type === 'withdraw') {
      if (command.by !== filed.requester && !command.answers) return refused('forbidden', `only ${filed.requester} or an operator may withdraw it`);
      return accepted({ type: 'change.withdrawn', reason: command.reason, by: command.by, at: command.now });
    }
    if (command.signed.change !== filed.change || command.signed.digest !== filed.digest) return refused('signature_invalid', 'the signature is under another request than this');
    if (command.digest !== filed.digest) return refused('change_stale', 'what it would change, or a role that it names, is not what it was when the request was filed');
    if (command.by === filed.requester) return refused('self_approval', 'whoever files a request cannot approve it');
    if (command.by === command.owner && filed.widens.length > 0) return refused('self_approval', 'the owner alone cannot approve what lets their agent do more');
    return accepted({ type: 'change.applied', approvedBy: command.by, jws: command.jws, at: command.now });
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'change.filed': {
        const { type: _, ...filed } = event;
        return { status: 'open', filed, approvedBy: null, closedAt: null };
      }
      case 'change.withdrawn':
        return { ...filedIn(state), status: 'withdrawn', closedAt: event.at };
      case 'change.applied':
        return { ...filedIn(state), status: 'applied', approvedBy: event.approvedBy, closedAt: event.at };
      default:
        return assertNever(event, 'change event');
    }
  },
};

const filedIn = (state: Change): Exclude<Change, { status: 'none' }> => {
  if (state.status === 'none') throw new Error('a change closed before it was filed');
  return state;
};
