import { Failure } from '../cel/value.ts';
import type { DeferralLimits } from '../world.ts';
import { duration, durationHint } from './duration.ts';
import type { Complain } from './problem.ts';
import { object, only, texts } from './shape.ts';

/** A fact that somebody owes: roles of which a supplier needs one, and how long it may take. */
export interface AwaitedSpec { readonly from: readonly string[]; readonly within?: string }
export interface DeferralSpec { readonly within?: string; readonly depth?: number; readonly waiting?: number }
export interface Awaited { readonly fact: string; readonly from: readonly string[]; readonly withinMs: number | null }

/** What a rule gets that reads a fact which is still owed: it cannot be evaluated yet, and nobody is to blame. */
export class Owed extends Failure {
  readonly awaited: Awaited;
  constructor(awaited: Awaited) {
    super(`${awaited.fact} is still owed`, false);
    this.awaited = awaited;
  }
}

const role = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const factName = /^[A-Za-z][A-Za-z0-9_]{0,63}(?:\.[A-Za-z][A-Za-z0-9_]{0,63}){0,4}$/;
const most = 64;

/** Reads a bundle's `awaited:` (fact → who owes it) and reports every problem with its path. `taken`: names that mean something else already. */
export const readAwaited = (value: unknown, taken: (name: string) => boolean, complain: Complain): ReadonlyMap<string, Awaited> => {
  const found = new Map<string, Awaited>();
  if (value === undefined) return found;
  if (!object(value) || Object.keys(value).length > most) {
    complain('awaited', `is a map of at most ${most} facts, each with from (roles)`);
    return found;
  }
  for (const [fact, spec] of Object.entries(value)) {
    const path = `awaited.${fact}`;
    if (!factName.test(fact) || fact in {}) complain(path, 'is a name, such as supplier.verified');
    if (taken(fact)) complain(path, 'is derived by policy itself: nobody owes it');
    if (!object(spec)) { complain(path, 'is a map of from and within'); continue; }
    only(spec, ['from', 'within'], path, complain);
    const { from, within } = spec;
    if (!texts(from, { min: 1, max: 64, each: 64 }) || !from.every((one) => role.test(one))) complain(`${path}.from`, 'is a list of roles (lower case letters, digits, . _ -)');
    const withinMs = typeof within === 'string' ? duration(within) : undefined;
    if (within !== undefined && withinMs === undefined) complain(`${path}.within`, durationHint);
    found.set(fact, { fact, from: Array.isArray(from) ? from as string[] : [], withinMs: withinMs ?? null });
  }
  return found;
};

/** Reads a bundle's `deferral:`: how long and how many actions of a run may wait. */
export const readDeferral = (value: unknown, complain: Complain): Partial<DeferralLimits> | null => {
  if (value === undefined) return null;
  if (!object(value)) {
    complain('deferral', 'is a map of within, depth and waiting');
    return null;
  }
  only(value, ['within', 'depth', 'waiting'], 'deferral', complain);
  const withinMs = typeof value['within'] === 'string' ? duration(value['within']) : undefined;
  if (value['within'] !== undefined && withinMs === undefined) complain('deferral.within', durationHint);
  for (const [name, max] of [['depth', 20], ['waiting', 1_000]] as const) {
    const given = value[name];
    if (given !== undefined && (!Number.isInteger(given) || (given as number) < 1 || (given as number) > max)) complain(`deferral.${name}`, `is an integer from 1 to ${max}`);
  }
  const { depth, waiting } = value as DeferralSpec;
  return { ...(withinMs !== undefined && { withinMs }), ...(depth !== undefined && { depth }), ...(waiting !== undefined && { waiting }) };
};
