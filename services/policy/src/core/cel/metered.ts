import { prices, isConstant } from './tree.ts';
import type { CelTree } from './parse.ts';
import type { Names } from './names.ts';

/** The same tree with meters in it: loops and dear operands pay as the compiler's do, searches run in functions of ours. */
export const metered = (tree: CelTree, names: Names): CelTree => {
  const meter = (node: CelTree, bound: ReadonlySet<string>): CelTree => {
    const kind = node.exprKind;
    const made = (exprKind: unknown): CelTree => ({ $typeName: 'cel.expr.Expr', id: node.id, exprKind }) as CelTree;
    const calling = (name: string, args: readonly CelTree[]): CelTree => made({ case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args } });
    switch (kind.case) {
      case 'callExpr': {
        const { target, args, function: id } = kind.value;
        const operands = [...(target === undefined ? [] : [target]), ...args];
        const price = prices(id, operands, names, bound);
        const parts = operands.map((one, i) => (price[i] === 'free' ? meter(one, bound) : callingOn(one, price[i] === 'text' ? '@weighText' : '@weigh', meter(one, bound))));
        if ((id === 'contains' || id === 'matches') && parts.length === 2) return calling(`@${id}`, parts);
        return made({ case: 'callExpr', value: { ...kind.value, ...(target !== undefined && { target: parts[0] }), args: target === undefined ? parts : parts.slice(1) } });
      }
      case 'selectExpr': return made({ case: 'selectExpr', value: { ...kind.value, operand: meter(kind.value.operand!, bound) } });
      case 'listExpr': return made({ case: 'listExpr', value: { ...kind.value, elements: kind.value.elements.map((one) => meter(one, bound)) } });
      case 'structExpr': return made({ case: 'structExpr', value: { ...kind.value, entries: kind.value.entries.map((entry) => ({
        ...entry, ...(entry.value !== undefined && { value: meter(entry.value, bound) }),
        ...(entry.keyKind.case === 'mapKey' && { keyKind: { case: 'mapKey', value: meter(entry.keyKind.value, bound) } }),
      })) } });
      case 'comprehensionExpr': {
        const { iterRange, accuInit, loopCondition, loopStep, result, iterVar, accuVar } = kind.value;
        const withTotal = new Set([...bound, accuVar]);
        const inside = new Set([...withTotal, iterVar]);
        const range = meter(iterRange!, bound);
        return made({ case: 'comprehensionExpr', value: {
          ...kind.value, iterRange: isConstant(iterRange!, names, bound) ? range : callingOn(iterRange!, '@weigh', range),
          accuInit: meter(accuInit!, bound), loopCondition: calling('@step', [meter(loopCondition!, inside)]), loopStep: meter(loopStep!, inside), result: meter(result!, withTotal),
        } });
      }
      default: return node;
    }
  };
  return meter(tree, new Set());
};

const callingOn = ({ id }: CelTree, name: string, arg: CelTree): CelTree =>
  ({ $typeName: 'cel.expr.Expr', id, exprKind: { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [arg] } } }) as unknown as CelTree;
