import { failing } from './operators.ts';
import type { Node, Run } from './node.ts';
import { Failure } from './value.ts';
import type { Result } from './value.ts';

const noBool = failing('no such overload: logic on a value that is no bool');

/** An error, as && and || keep it while they look on; undefined for a truth value. */
const wrong = (value: Result): Failure | undefined => (typeof value === 'boolean' ? undefined : value instanceof Failure ? value : noBool);

/** CEL's && (decisive false) and || (decisive true) over any number of parts: an error is absorbed when another part decides. */
export const logic = (parts: readonly Node[], decisive: boolean): Run => {
  if (parts.length === 2) {
    const [a, b] = [parts[0]!.run, parts[1]!.run];
    return (scope) => {
      const left = a(scope);
      if (left === decisive) return decisive;
      const right = b(scope);
      if (right === decisive) return decisive;
      return wrong(left) ?? wrong(right) ?? !decisive;
    };
  }
  const runs = parts.map((part) => part.run);
  return (scope) => {
    let error: Failure | undefined;
    for (let i = 0; i < runs.length; i++) {
      const value = runs[i]!(scope);
      if (value === decisive) return decisive;
      if (value !== !decisive) error ??= wrong(value);
    }
    return error ?? !decisive;
  };
};
