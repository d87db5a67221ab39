import type { ApprovalResolved, FactSupplied, PersonSnapshot, TokenClaims } from '@countersign/contracts';
import { argumentsDigest, checkVotes, createKeySet, instructionDigest, peekJws, verifyJwsAhead, verifyPersonStatement } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { CheckedVote } from '@countersign/kernel';
import type { CheckedEditor, CheckedSupplier } from '../core/commands.ts';

/** What people have signed, checked with the keys the registry knows them by. */
export interface People {
  /** The signatures of an approval's votes: `why` says what is wrong with one that does not count. */
  checkVotes(message: ApprovalResolved, now: number): CheckedVote[];
  /** The signature of whoever edited it; undefined where nobody did. */
  checkEditor(message: ApprovalResolved, now: number): CheckedEditor | undefined;
  /** The signature of a supplied fact, for this run. */
  checkSupplier(message: FactSupplied, of: { readonly tenant: string; readonly run: string }, now: number): CheckedSupplier;
  /** Begins to verify an instruction's signature on another thread; says nothing. */
  ahead(jws: string): Promise<void>;
  /** Who gave an instruction, if the signature holds for this run. */
  attests(jws: string, text: string, token: TokenClaims, now: number): { readonly ok: true; readonly person: string } | { readonly ok: false; readonly why: string };
}

export const createPeople = (person: (id: string) => PersonSnapshot | undefined, tenant: string): People => {
  const keySets = new WeakMap<PersonSnapshot, KeySet>();
  const active = (id: string): { readonly person: PersonSnapshot; readonly keys: KeySet } | undefined => {
    const found = person(id);
    if (found === undefined || found.status !== 'active' || found.tenant !== tenant) return undefined;
    let keys = keySets.get(found);
    if (keys === undefined) keySets.set(found, keys = createKeySet(found.keys));
    return { person: found, keys };
  };

  const editorFault = (message: ApprovalResolved, edit: NonNullable<ApprovalResolved['edit']>, known: ReturnType<typeof active>, now: number): string | null => {
    if (known === undefined) return 'not an active person';
    const verified = verifyPersonStatement('edit', edit.jws, known.keys, { now, person: edit.person });
    if (!verified.ok) return verified.code;
    const { statement } = verified;
    return statement.digest === message.digest && statement.approval === message.approval && statement.arguments === argumentsDigest(edit.arguments) && statement.reason.trim() !== '' ? null : 'signed for another question or other arguments, or without a reason';
  };

  const supplierFault = (message: FactSupplied, of: { readonly tenant: string; readonly run: string }, known: ReturnType<typeof active>, now: number): string | null => {
    if (known === undefined) return 'not an active person';
    if (message.jws === undefined) return 'nobody has signed it';
    const verified = verifyPersonStatement('fact', message.jws, known.keys, { now, person: message.by });
    if (!verified.ok) return verified.code;
    const { statement } = verified;
    const fits = statement.tenant === of.tenant && statement.run === of.run && statement.action === message.action && statement.fact === message.fact && statement.value === argumentsDigest(message.value);
    return fits ? null : 'signed for another run, action, fact or value';
  };

  return {
    checkSupplier: (message, of, now) => {
      const known = active(message.by);
      return { person: message.by, roles: known?.person.roles ?? [], why: supplierFault(message, of, known, now) };
    },
    checkEditor: (message, now) => {
      if (message.edit === undefined) return undefined;
      const known = active(message.edit.person);
      return { person: message.edit.person, roles: known?.person.roles ?? [], rolesSince: known?.person.rolesSince, why: editorFault(message, message.edit, known, now) };
    },
    checkVotes: (message, now) => checkVotes(message, (id) => {
      const known = active(id);
      return known && { roles: known.person.roles, rolesSince: known.person.rolesSince, keys: known.keys };
    }, { tenant, now }),
    ahead: async (jws) => {
      const claimed = peekJws(jws)?.['sub'];
      const known = typeof claimed === 'string' ? active(claimed) : undefined;
      if (known !== undefined) await verifyJwsAhead(jws, known.keys);
    },
    attests: (jws, text, token, now) => {
      const claimed = peekJws(jws)?.['sub'];
      const known = typeof claimed === 'string' ? active(claimed) : undefined;
      if (known === undefined) return { ok: false, why: 'the instruction is signed by nobody we know as active' };
      const verified = verifyPersonStatement('instruction', jws, known.keys, { now, person: known.person.person });
      if (!verified.ok) return { ok: false, why: verified.detail };
      const { statement } = verified;
      const fits = statement.run === token.run && statement.agent === token.sub && statement.tenant === token.tenant && statement.instruction === instructionDigest(text);
      return fits ? { ok: true, person: known.person.person } : { ok: false, why: 'the signature is for another run, agent or text' };
    },
  };
};
