import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';

/** An identity provider that provisions people here. `code` is the SHA-256 of its secret; `roles` what its names for roles stand for here, set by an operator: what is not in it is never given. */
export type ScimEvent =
  | { readonly type: 'scim.connected'; readonly code: string; readonly roles: Readonly<Record<string, readonly string[]>>; readonly by: string; readonly reason: string; readonly at: number }
  | { readonly type: 'scim.secret_rotated'; readonly code: string; readonly by: string; readonly reason: string; readonly at: number }
  | { readonly type: 'scim.disconnected'; readonly by: string; readonly reason: string; readonly at: number };
interface Because { readonly by: string; readonly reason: string; readonly now: number }
export type ScimCommand =
  | ({ readonly type: 'connect'; readonly code: string; readonly roles: Readonly<Record<string, readonly string[]>> } & Because)
  | ({ readonly type: 'rotate'; readonly code: string } & Because)
  | ({ readonly type: 'disconnect' } & Because);
export type ScimCode = 'already_exists' | 'not_found';
/** `before`: the secret that was replaced, and until when (epoch ms) it is still taken. */
export type ScimConnection = { readonly status: 'none' | 'disconnected' } | { readonly status: 'connected'; readonly code: string; readonly before: { readonly code: string; readonly until: number } | null; readonly roles: Readonly<Record<string, readonly string[]>> };

/** Providers roll a new secret out within this time, ms. */
export const overlapMs = 3_600_000;

export const scimDecider: Decider<ScimCommand, ScimEvent, ScimConnection, ScimCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    const because = { by: command.by, reason: command.reason, at: command.now };
    switch (command.type) {
      case 'connect': return state.status === 'connected' ? refused('already_exists', 'there is such a connection: rotate its secret, or disconnect it first') : accepted({ type: 'scim.connected', code: command.code, roles: command.roles, ...because });
      case 'rotate': return state.status === 'connected' ? accepted({ type: 'scim.secret_rotated', code: command.code, ...because }) : refused('not_found', 'there is no such connection');
      case 'disconnect': return state.status === 'connected' ? accepted({ type: 'scim.disconnected', ...because }) : state.status === 'none' ? refused('not_found', 'there is no such connection') : nothingNew;
      default: return assertNever(command, 'SCIM command');
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'scim.connected': return { status: 'connected', code: event.code, before: null, roles: event.roles };
      case 'scim.secret_rotated': return state.status === 'connected' ? { ...state, code: event.code, before: { code: state.code, until: event.at + overlapMs } } : state;
      case 'scim.disconnected': return { status: 'disconnected' };
      default: return assertNever(event, 'SCIM event');
    }
  },
};

/** Roles here for the provider's names of roles; what nobody mapped gives nothing. */
export const mappedRoles = (given: readonly string[], roles: Readonly<Record<string, readonly string[]>>): readonly string[] => [...new Set(given.flatMap((name) => (Object.hasOwn(roles, name) ? roles[name]! : [])))].sort();
