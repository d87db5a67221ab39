/**
 * Values that compiled CEL works on are plain JSON. CEL's int is a safe integer here and its double any other number;
 * where that would matter (arithmetic on doubles, results beyond 2^53) the interpreter answers instead.
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** An evaluation error as a value: exceptions are too slow for something that || and && absorb. `byArguments`: the arguments caused it. */
export class Failure {
  readonly why: string;
  readonly byArguments: boolean;
  constructor(why: string, byArguments: boolean) {
    this.why = why;
    this.byArguments = byArguments;
  }
}

export type Result = Value | Failure;

export const isList = (value: Result): value is readonly Value[] => Array.isArray(value);
export const isMap = (value: Result): value is { readonly [key: string]: Value } => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Failure);

/** CEL equality: numbers by value across int and double, no error between different types. */
export const equals = (a: Value, b: Value): boolean => {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => equals(item, b[i]!));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equals(a[key]!, b[key]!));
};
