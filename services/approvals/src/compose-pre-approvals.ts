import type { PreApprovalView } from '@countersign/contracts';
import { decideAndAppend } from '@countersign/event-store';
import type { EventStore } from '@countersign/event-store';
import { preApprovalId } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { PreApprovalTerms } from '@countersign/kernel';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Pool } from 'pg';
import { createPreApproved } from './app/pre-approved.ts';
import type { MakingPorts } from './app/ports.ts';
import { preApprovalDecider } from './core/pre-approval.ts';
import type { PreApprovalCommand, Signer } from './core/pre-approval.ts';
import type { Question } from './core/events.ts';
import { futile } from './core/futile.ts';
import type { Named } from './core/futile.ts';
import { createEventMessages, createToMessages } from './outbound/publish.ts';
import { createPreApprovals, preApprovalSchema, preApprovalStream, preApprovalView } from './views/pre-approvals.ts';

export interface PreApprovalPorts {
  readonly pool: Pool; readonly store: EventStore; readonly key: SigningKey; readonly people: PersonDirectory; readonly tenant: string; readonly now: () => number;
  /** What the registry says by now of agent and tool; undefined where that is not known now. Absent: nobody looks. */
  readonly named?: ((terms: PreApprovalTerms) => Named | undefined) | undefined;
  /** Whether the scope of a question is halted or paused, or nobody can tell. */
  stopped(question: Question): boolean;
}

/** What people agree to beforehand. */
export interface PreApprovals {
  readonly answer: MakingPorts['agreedBefore'];
  /** One more signature under the same terms, checked at the door. */
  agree(signed: { readonly person: string; readonly terms: PreApprovalTerms; readonly signer: Signer }): Promise<PreApprovalView>;
  list(): Promise<readonly PreApprovalView[]>;
  revoke(id: string, by: { readonly person: string; readonly roles: readonly string[] }): Promise<PreApprovalView>;
}

export const composePreApprovals = async ({ pool, store, key, people, tenant, now, stopped, named }: PreApprovalPorts): Promise<PreApprovals> => {
  await pool.query(preApprovalSchema);
  const known = createPreApprovals(pool, store);
  const say = async (id: string, command: PreApprovalCommand, by: string): Promise<PreApprovalView> => {
    const { outcome, state, version } = await decideAndAppend({ store, decider: preApprovalDecider, stream: preApprovalStream(id), command, at: command.now, by, outbox: createEventMessages(key, tenant, preApprovalStream(id), by) });
    if (outcome.status === 'refused' || state.status === 'none') throw outcome.status === 'refused' ? new CodedError(outcome.code, outcome.detail) : new Error('agreed to, and nothing is there');
    return preApprovalView({ state, version }, now());
  };
  return {
    answer: createPreApproved({
      store, now, stopped, stream: preApprovalStream, toMessages: createToMessages(key), of: (question, at) => known.of(question, at),
      usedMessages: (stream, events, version) => createEventMessages(key, tenant, stream, 'policy')(events, null, version),
      speaker: (id) => {
        const person = people.person(id);
        return person?.status === 'active' ? { person: id, roles: person.roles, rolesSince: person.rolesSince } : undefined;
      },
    }),
    agree: async ({ person, terms, signer }) => {
      if (named !== undefined) {
        const known = named(terms);
        if (known === undefined) throw new CodedError('stale_snapshot', 'approvals cannot see the catalogue at this moment: try again', { status: 503 });
        const why = futile(terms, known);
        if (why !== null) throw new CodedError('pre_approval_futile', why);
      }
      const id = preApprovalId(terms);
      await known.put(id, terms);
      return say(id, { type: 'agree', id, terms, signer, now: now() }, person);
    },
    list: async () => (await known.list(tenant)).map((one) => preApprovalView(one, now())),
    revoke: (id, { person, roles }) => say(id, { type: 'revoke', person, operator: roles.includes('operator'), now: now() }, person),
  };
};
