import { failing } from './operators.ts';
import type { Node, Run } from './node.ts';
import { caps } from './scope.ts';
import { Failure, isList, isMap } from './value.ts';

export interface Loop { readonly range: Node; readonly start: Node; readonly goOn: Node; readonly step: Node; readonly end: Node; readonly item: number; readonly total: number }

const noRange = failing('no such overload: a macro over a value that is neither list nor map');
const tooLong = failing(`more than ${caps.elements} elements`);

/** A macro's loop; each step costs one unit. */
export const loop = ({ range, start, goOn, step, end, item, total }: Loop): Run => (scope) => {
  const over = range.run(scope);
  if (over instanceof Failure) return over;
  const items = isList(over) ? over : isMap(over) ? Object.keys(over) : undefined;
  if (items === undefined) return noRange;
  if (items.length > caps.elements) { scope.fuel = -1; return tooLong; }
  const { locals } = scope;
  locals[total] = start.run(scope);
  for (let i = 0; i < items.length; i++) {
    locals[item] = items[i]!;
    const cond = goOn.run(scope);
    if (cond instanceof Failure) return cond;
    if (cond !== true || --scope.fuel < 0) break;
    locals[total] = step.run(scope);
  }
  return end.run(scope);
};
