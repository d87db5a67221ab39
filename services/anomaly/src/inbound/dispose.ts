import type { DisposeResponse, Disposition, FindingView } from '@countersign/contracts';
import { peekJws, verifyPersonStatement } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import { analystsFor } from '../core/finding/disposition.ts';

export interface Disposing {
  readonly tenant: string;
  readonly now: () => number;
  readonly people: Pick<PersonDirectory, 'person'>;
  /** Who owns an agent; undefined: unknown. */
  readonly owner: (agent: string) => string | undefined;
  readonly show: (tenant: string, finding: string) => Promise<FindingView | undefined>;
  readonly publish: (said: Disposition) => Promise<void>;
}

/** Roles whose people judge findings. */
export const analystRoles: readonly string[] = ['analyst', 'supervisor'];

/**
 * Checks an analyst's signed word and puts it into the stream that the baselines are folded from: whether it is the second that is needed is
 * decided there, once, in the order of the stream. Sent again it changes nothing.
 */
export const openDisposing = ({ tenant, now, people, owner, show, publish }: Disposing) => async (finding: string, jws: string): Promise<DisposeResponse> => {
  const person = peekJws(jws)?.['sub'];
  const known = typeof person === 'string' ? people.person(person) : undefined;
  if (typeof person !== 'string' || known?.status !== 'active') throw new CodedError('unauthenticated', 'the statement is not by a person who is enrolled here', { status: 401 });
  const checked = verifyPersonStatement('disposition', jws, known.keys, { now: now(), person });
  if (!checked.ok) throw new CodedError('unauthenticated', `${checked.code}: ${checked.detail}`, { status: 401 });
  const { statement } = checked;
  if (statement.tenant !== tenant || statement.finding !== finding) throw new CodedError('vote_invalid', 'the statement names another finding or tenant', { status: 409 });
  if (!known.roles.some((role) => analystRoles.includes(role))) throw new CodedError('not_eligible', `this needs one of the roles ${analystRoles.join(', ')}`, { status: 403 });
  const shown = await show(tenant, finding);
  if (shown === undefined) throw new CodedError('not_found', 'there is no such finding', { status: 404 });
  if (statement.digest !== shown.digest) throw new CodedError('vote_invalid', 'the statement is signed for another content than this finding shows: look at it again', { status: 409 });
  const { agent, spread, withheld } = shown.finding;
  // What several agents did is nobody's own to judge either.
  if ([agent, ...spread?.agents ?? [], ...withheld?.agents ?? []].some((one) => owner(one) === person)) throw new CodedError('self_approval', 'whoever owns an agent does not judge findings that concern it', { status: 403 });
  const { verdict, reason } = statement;
  await publish({ finding, tenant, agent, verdict, person, reason, jws, status: 'asked', at: now() });
  return { finding, verdict, person, needs: analystsFor(verdict) };
};
