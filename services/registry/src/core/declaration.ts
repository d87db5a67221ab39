import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { GrantorDefinition, ProcessDefinition, RoleDefinition, TemplateDefinition } from '@countersign/contracts';
import type { Approved } from './agent-change.ts';
import { stages } from './raci.ts';
import { same } from './same.ts';

/** What is declared about agents beside themselves: roles, templates, what people may give (`grantor`: by a role of theirs), and processes in which somebody answers. */
export interface Declared { readonly role: RoleDefinition; readonly template: TemplateDefinition; readonly grantor: GrantorDefinition; readonly process: ProcessDefinition }
export type DeclaredKind = keyof Declared;

export type DeclarationEvent<K extends DeclaredKind> =
  | { readonly type: `${K}.put`; readonly definition: Declared[K]; readonly digest: string; readonly widens: readonly string[]; readonly approved: Approved | null; readonly reason: string; readonly by: string; readonly at: number }
  | { readonly type: `${K}.removed`; readonly reason: string; readonly by: string; readonly at: number }
  /** `people`: who of those that answer for it, or in it, is not here any more; none: everybody is back. */
  | { readonly type: `${K}.unanswered`; readonly people: readonly string[]; readonly by: string; readonly at: number };

export type DeclarationCommand<K extends DeclaredKind> =
  /** `widens`: what it lets more happen than what stood here, in words (grants.ts), worked out at the edge under one lock with this. */
  | { readonly type: 'put'; readonly definition: Declared[K]; readonly digest: string; readonly widens: readonly string[]; readonly approved: Approved | null; readonly reason: string; readonly by: string; readonly now: number }
  /** `left`: who of those that answer is not active, looked up at the edge. */
  | { readonly type: 'tend'; readonly left: readonly string[]; readonly by: string; readonly now: number }
  /** `usedBy`: agents and templates that name it. */
  | { readonly type: 'remove'; readonly usedBy: readonly string[]; readonly reason: string; readonly by: string; readonly now: number };

export type DeclarationCode = 'change_review_required' | 'role_in_use' | 'process_in_use' | 'not_found';
/** What was removed is remembered: declared again, it is compared with what it was. */
export type Declaration<K extends DeclaredKind> = { readonly status: 'none' } | { readonly status: 'declared' | 'removed'; readonly definition: Declared[K]; readonly digest: string; /** Who has left of those that answer. */ readonly unanswered?: readonly string[] };

export const declarationDecider = <K extends DeclaredKind>(kind: K): Decider<DeclarationCommand<K>, DeclarationEvent<K>, Declaration<K>, DeclarationCode> => ({
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'tend') {
      const { left, by, now } = command;
      return state.status !== 'declared' || same(state.unanswered ?? [], left) ? nothingNew : accepted({ type: `${kind}.unanswered`, people: left, by, at: now });
    }
    if (command.type === 'remove') {
      if (state.status === 'none') return refused('not_found', `there is no such ${kind}`);
      if (state.status === 'removed') return nothingNew;
      if (command.usedBy.length > 0) return refused(kind === 'process' ? 'process_in_use' : 'role_in_use', `used by ${command.usedBy.slice(0, 20).join(', ')}${command.usedBy.length > 20 ? ` and ${command.usedBy.length - 20} more` : ''}`);
      return accepted({ type: `${kind}.removed`, reason: command.reason, by: command.by, at: command.now });
    }
    const { definition, digest, widens, approved, reason, by, now } = command;
    if (state.status === 'declared' && state.digest === digest) return nothingNew;
    if (widens.length > 0 && approved === null) return refused('change_review_required', `${widens.slice(0, 5).join('; ')}${widens.length > 5 ? ` and ${widens.length - 5} more` : ''}. File it with POST /changes`.slice(0, 2_000));
    return accepted({ type: `${kind}.put`, definition, digest, widens, approved, reason, by, at: now });
  },
  evolve: (state, event) => {
    if (event.type === `${kind}.put`) {
      const { definition, digest } = event as Extract<DeclarationEvent<K>, { definition: unknown }>;
      return { status: 'declared', definition, digest };
    }
    if (event.type === `${kind}.unanswered` && state.status !== 'none') return { ...state, unanswered: (event as Extract<DeclarationEvent<K>, { people: unknown }>).people };
    if (event.type === `${kind}.removed` && state.status !== 'none') return { ...state, status: 'removed' };
    throw new Error(`unexpected ${kind} event: ${JSON.stringify(event)}`);
  },
});

/** Who answers for what is declared, or in it: its owner, and in a process whoever is accountable at a stage. Each once, by name. */
export const answerable = ({ owner, raci = {} }: { readonly owner: string; readonly raci?: ProcessDefinition['raci'] }): readonly string[] =>
  [...new Set([owner, ...stages.flatMap((stage) => raci[stage]?.accountable ?? [])])].sort();
