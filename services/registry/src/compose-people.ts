import { randomBytes } from 'node:crypto';
import type { ApproveChangeRequest, ChangeView, EnrolledPerson, EnrolPersonRequest, FileChangeRequest, InvitePersonRequest, InvitePersonResponse, PeopleList, PersonSnapshot } from '@countersign/contracts';
import { createKeySet, peekJws, sha256Text, verifyPersonStatement } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import { createFounding } from './app/founding.ts';
import type { Manage } from './app/manage.ts';
import { createPeople, personOf } from './app/people.ts';
import type { Asking } from './app/permissions.ts';
import { createStaff } from './app/staff.ts';
import type { createTending } from './app/tending.ts';
import type { PermissionPorts, composePermissions } from './compose-permissions.ts';
import { nobody } from './core/agent.ts';

export interface PeoplePorts extends PermissionPorts {
  readonly publicUrl: string;
  /** Whoever runs the registry wants one operator to let people in alone once more. */
  readonly reopenFounding: boolean;
}
/** How long a statement about keys may be under way. */
const freshMs = 5 * 60_000;
/** Most who wait that are listed. */
const mostWaiting = 1_000;

interface Others { readonly manage: Manage; readonly permissions: Awaited<ReturnType<typeof composePermissions>>; readonly tending: ReturnType<typeof createTending> }

/** People: invited, enrolled, let in by two, changed, gone. */
export const composePeople = async (ports: PeoplePorts, { manage, permissions, tending }: Others) => {
  const { inventory } = ports;
  const founding = createFounding(ports);
  const people = createPeople(manage, inventory, { now: ports.now, secret: () => randomBytes(32).toString('base64url'), link: (code) => `${ports.publicUrl}/people/enrol#${code}` });
  const staff = createStaff({ ...ports, manage, founding });
  await people.refresh();
  await founding.settle();
  if (ports.reopenFounding) await founding.reopen();
  /** A signature that is none throws; whether it is for this change is the decider's to say. */
  const reviewOf = <K extends 'tool-review' | 'graph-review' | 'change-review'>(kind: K, jws: string) => {
    const id = peekJws(jws)?.['sub'];
    const known = typeof id === 'string' ? people.find(id) : undefined;
    if (typeof id !== 'string' || known?.status !== 'active') throw new CodedError('signature_invalid', 'the review is not signed by a person who is enrolled here');
    const checked = verifyPersonStatement(kind, jws, known.keys, { now: ports.now(), person: id });
    if (!checked.ok || checked.statement.tenant !== ports.tenant) throw new CodedError('signature_invalid', `the review: ${checked.ok ? 'signed for another tenant' : checked.detail}`);
    return { by: id, roles: known.roles, statement: checked.statement, jws };
  };
  /** What their coming and going brings upon their agents, and upon processes and roles that they answer for. */
  const tended = async (person: string): Promise<void> => { await tending.tend(person); await permissions.tend(); };
  /** A change request about a person is heard of here at once, and by what hangs on them. */
  const heard = async (change: ChangeView): Promise<ChangeView> => {
    if (change.subject.kind === 'person' && change.status === 'applied') {
      await people.refresh();
      await tended(change.subject.id);
    }
    return change;
  };
  const enrolling = async (request: EnrolPersonRequest, alone: boolean): Promise<EnrolledPerson> => {
    const enrolled = await people.enrol(request, alone);
    if (enrolled !== null && 'code' in enrolled) throw new CodedError(enrolled.code, enrolled.detail);
    if (enrolled !== null) { await founding.settle(); return enrolled; }
    const waiting = await permissions.person(personOf(request.code));
    if (waiting.status !== 'waiting') throw new CodedError('enrolment_invalid', 'there is no such link');
    const change = await permissions.admission(waiting.person, waiting.invitedBy, waiting.roles);
    const { person, name, roles, keys } = waiting;
    return { person, name, roles, keys, status: 'waiting', ...(change && { change: change.change }) };
  };
  const accepted = (outcome: { readonly status: string; readonly code?: string; readonly detail?: string }): void => {
    if (outcome.status === 'refused') throw new CodedError(outcome.code!, outcome.detail!);
  };
  return {
    people, staff, reviewOf,
    doors: {
      /** The first person, where there is none yet; undefined once somebody was invited. */
      firstInvitation: async (): Promise<InvitePersonResponse | undefined> => {
        if ((await inventory.people()).some((row) => row.snapshot !== null)) return undefined;
        const invited = await people.invite({ person: 'operator', name: 'First operator', roles: ['operator', 'supervisor'] }, 'registry');
        return 'link' in invited ? invited : undefined;
      },
      invite: async (request: InvitePersonRequest, by: string) => {
        if (request.person === nobody) throw new CodedError('invalid_request', `${nobody} is the owner of what nobody owns: choose another id`);
        const invited = await people.invite(request, by);
        if (!('link' in invited)) throw new CodedError(invited.code, invited.detail);
        return invited;
      },
      enrol: async (request: EnrolPersonRequest): Promise<EnrolledPerson> => {
        // Whoever has no code that opens anything does not make others wait for the lock.
        const state = await permissions.person(personOf(request.code));
        const opens = state.status === 'waiting' || (state.status === 'invited' && state.code === sha256Text(request.code));
        return opens ? permissions.alone(async () => enrolling(request, await founding.now())) : enrolling(request, false);
      },
      /** A person adds a key of theirs, or takes one away, by a statement that one of their keys signed just now: an old one brings nothing back. */
      changeKeys: async (jws: string): Promise<PersonSnapshot> => {
        const claimed = String(peekJws(jws)?.['sub']);
        const known = people.find(claimed);
        if (known?.status !== 'active') throw new CodedError('unauthenticated', 'the statement is not by a person who is enrolled here', { status: 401 });
        const now = ports.now();
        const checked = verifyPersonStatement('person-key', jws, known.keys, { now, person: claimed });
        if (!checked.ok) throw new CodedError(checked.code, checked.detail);
        const { statement: { purpose, kid, x, iat, tenant } } = checked;
        if (tenant !== ports.tenant || now - iat * 1_000 > freshMs) throw new CodedError('expired', 'the statement is older than five minutes, or for another tenant: sign it anew');
        const key = { kty: 'OKP' as const, crv: 'Ed25519' as const, x, kid };
        try { createKeySet([key]); } catch { throw new CodedError('invalid_request', 'this is no Ed25519 key with a kid'); }
        accepted(await manage.person(claimed, purpose === 'add' ? { type: 'add-key', key, now } : { type: 'remove-key', kid, now }, claimed));
        await people.refresh();
        return (await inventory.person(claimed))!.snapshot!;
      },
      /** What became of people: the same three for whoever tells it, a person or a directory. */
      tellStaff: async <W extends keyof typeof staff>(what: W, ...told: Parameters<(typeof staff)[W]>): Promise<PersonSnapshot | undefined> => {
        accepted(await (staff[what] as (...of: Parameters<(typeof staff)[W]>) => ReturnType<(typeof staff)[W]>)(...told));
        await people.refresh();
        if (what !== 'change') await tended(told[0]);
        return (await inventory.person(told[0]))?.snapshot ?? undefined;
      },
      refreshPeople: people.refresh,
      /** Who was invited, or has enrolled, and is not here yet. */
      waiting: async (): Promise<NonNullable<PeopleList['waiting']>> => {
        const open = (await permissions.changes()).filter(({ status, subject }) => status === 'open' && subject.kind === 'person');
        const states = await Promise.all((await inventory.people()).filter(({ snapshot }) => snapshot === null).slice(0, mostWaiting).map(({ person }) => permissions.person(person)));
        return states.flatMap((state) => (state.status !== 'invited' && state.status !== 'waiting' ? [] : [{
          person: state.person, name: state.name, roles: state.roles, status: state.status, invitedBy: state.invitedBy, expiresAt: state.status === 'invited' ? state.expiresAt : null,
          change: open.find(({ subject }) => subject.id === state.person)?.change ?? null,
        }]));
      },
      people: async (): Promise<readonly PersonSnapshot[]> => (await inventory.people()).flatMap((row) => row.snapshot ?? []),
      fileChange: async (request: FileChangeRequest, who: Asking) => heard(await permissions.file(request, who)),
      approveChange: async (id: string, { jws }: ApproveChangeRequest, who: Asking) => {
        const { by, statement } = reviewOf('change-review', jws);
        if (by !== who.person) throw new CodedError('wrong_person', 'a request is approved by whoever signed the approval');
        return heard(await permissions.approve(id, { ...statement, jws }, who));
      },
    },
  };
};
