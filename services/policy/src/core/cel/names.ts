import type { Value } from './value.ts';

/** Names that an expression may read. */
export interface Names {
  has(name: string): boolean;
  /** Which of them were computed from the proposal's arguments. */
  byArguments(name: string): boolean;
  /** What never changes: a parameter's value; undefined for everything else. */
  constant?(name: string): Value | undefined;
}

/** Numbers the names that a set of expressions reads, so that each is looked up once for all of them. */
export interface Slots { of(name: string): number; readonly names: readonly string[] }
export const createSlots = (): Slots => {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  return {
    names,
    of: (name) => {
      let number = numbers.get(name);
      if (number === undefined) {
        numbers.set(name, number = names.length);
        names.push(name);
      }
      return number;
    },
  };
};
