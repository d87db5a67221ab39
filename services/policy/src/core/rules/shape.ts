import { duration, durationHint } from './duration.ts';
import type { Complain } from './problem.ts';

/** Checks shared by everything that a bundle's files hold. Bounds fit the contracts: what is said about a decision must fit its record. */
export const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
export const text = (value: unknown, max: number): value is string => typeof value === 'string' && value.trim() !== '' && value.length <= max;
export const texts = (value: unknown, { min = 0, max, each }: { readonly min?: number; readonly max: number; readonly each: number }): value is string[] =>
  Array.isArray(value) && value.length >= min && value.length <= max && value.every((item) => text(item, each));

export const only = (value: Record<string, unknown>, names: readonly string[], path: string, complain: Complain): void => {
  for (const name of Object.keys(value)) if (!names.includes(name)) complain(`${path}${path && '.'}${name}`, 'is no known field');
};

const role = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Who decides where people must: `{route: [role, …], quorum, expiresIn}`. */
export const approvalShape = (value: unknown, path: string, complain: Complain): void => {
  if (!object(value)) return complain(path, 'is a map of route, quorum and expiresIn');
  only(value, ['route', 'quorum', 'expiresIn'], path, complain);
  const { route, quorum } = value;
  if (!texts(route, { min: 1, max: 64, each: 64 }) || !route.every((one) => role.test(one))) complain(`${path}.route`, 'is a list of roles (lower case letters, digits, . _ -)');
  if (!Number.isInteger(quorum) || (quorum as number) < 1 || (quorum as number) > 16) complain(`${path}.quorum`, 'is 1 to 16');
  if (duration(value['expiresIn']) === undefined) complain(`${path}.expiresIn`, durationHint);
};
