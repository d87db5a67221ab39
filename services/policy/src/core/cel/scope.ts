import { Failure, isMap } from './value.ts';
import type { Result, Value } from './value.ts';

/**
 * What one evaluation sees and may spend. `slots` holds what the names stand for (a Failure where a fact could not be derived), read and never
 * written; `fuel` runs down by a count that depends on expression and values alone, so every machine and both engines stop at the same place.
 */
export interface Scope {
  readonly slots: Result[];
  readonly locals: Result[];
  fuel: number;
  /** Set where a value left what the compiler covers: the interpreter starts over. */
  beyond: boolean;
}

/** Units for one action, all of its rules together. A step of a macro is one, 64 characters or one element compared are one. */
export const fuelPerAction = 200_000;
/** What an operation takes at most, whatever fuel is left. */
export const caps = { text: 1_048_576, elements: 10_000, depth: 40 };

export const newScope = (slots: Result[], fuel = fuelPerAction): Scope => ({ slots, locals: [], fuel, beyond: false });

const none = -1;

/** Takes fuel; below zero the evaluation is over. */
export const spend = (scope: Scope, units: number): void => { scope.fuel = Number.isFinite(units) ? scope.fuel - units : none; };

/** Cost of looking at a whole value; stops counting at `limit`. Infinity where it is larger than the caps. */
export const weight = (value: Value, limit: number, depth = 0): number => {
  if (typeof value === 'string') return value.length > caps.text ? Infinity : value.length >> 6;
  if (typeof value !== 'object' || value === null) return 0;
  const items = Array.isArray(value) ? value as readonly Value[] : Object.values(value);
  if (items.length > caps.elements || depth > caps.depth) return Infinity;
  let sum = items.length;
  if (!Array.isArray(value)) for (const key in value) sum += 1 + (key.length >> 6);
  for (const item of items) {
    if (sum > limit) break;
    if (typeof item === 'string' || typeof item === 'object') sum += weight(item, limit - sum, depth + 1);
  }
  return sum;
};

/** Takes the cost of a value, if it is of a kind that costs. */
export const weigh = (scope: Scope, value: Result): void => {
  if (typeof value === 'string') { if (value.length > 63) spend(scope, weight(value, scope.fuel)); }
  else if (typeof value === 'object' && value !== null && !(value instanceof Failure)) spend(scope, weight(value, scope.fuel));
};

export const weighText = (scope: Scope, value: Result): void => { if (typeof value === 'string' && value.length > 63) spend(scope, weight(value, scope.fuel)); };

/** Texts searched for texts: the worst that a search can take. */
export const containsCost = (text: string, part: string): number => (text.length > caps.text ? Infinity : (text.length >> 6) + Math.floor(text.length * part.length / 4096));

export const isWeighty = (value: Result): boolean => typeof value === 'string' || Array.isArray(value) || isMap(value);
