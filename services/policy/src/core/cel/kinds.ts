import type { Names } from './names.ts';
import type { CelTree } from './parse.ts';
import { CelProblem, offsetOf } from './parse.ts';
import { nameOf } from './tree.ts';
import type { Value } from './value.ts';

/** What kinds of value something may have: a set, as bits. `other`: what JSON has not (bytes, times, types). */
export const kind = { null: 1, boolean: 2, number: 4, text: 8, list: 16, map: 32, other: 64 } as const;
export type Kinds = number;
export const anyKind: Kinds = 127;

export const kindOf = (value: Value): Kinds =>
  (value === null ? kind.null : typeof value === 'boolean' ? kind.boolean : typeof value === 'number' ? kind.number : typeof value === 'string' ? kind.text : Array.isArray(value) ? kind.list : kind.map);

const said = (kinds: Kinds): string => Object.entries(kind).filter(([, bit]) => (kinds & bit) !== 0).map(([name]) => (name === 'boolean' ? 'a truth value' : name === 'null' ? 'null' : `a ${name}`)).join(' or ');

const literals: Readonly<Record<string, Kinds>> = { nullValue: kind.null, boolValue: kind.boolean, int64Value: kind.number, uint64Value: kind.number, doubleValue: kind.number, stringValue: kind.text };
const ordered = kind.boolean | kind.number | kind.text | kind.other;
const added = kind.number | kind.text | kind.list | kind.other;
/** Functions of fixed kinds: what each operand has to be, and what comes of it. */
const functions: Readonly<Record<string, { readonly takes: readonly Kinds[]; readonly gives: Kinds }>> = {
  '_&&_': { takes: [kind.boolean], gives: kind.boolean }, '_||_': { takes: [kind.boolean], gives: kind.boolean }, '!_': { takes: [kind.boolean], gives: kind.boolean },
  '_-_': { takes: [kind.number | kind.other], gives: kind.number | kind.other }, '_*_': { takes: [kind.number], gives: kind.number }, '_/_': { takes: [kind.number], gives: kind.number }, '_%_': { takes: [kind.number], gives: kind.number }, '-_': { takes: [kind.number], gives: kind.number },
  startsWith: { takes: [kind.text], gives: kind.boolean }, endsWith: { takes: [kind.text], gives: kind.boolean }, contains: { takes: [kind.text], gives: kind.boolean }, matches: { takes: [kind.text], gives: kind.boolean },
  size: { takes: [kind.text | kind.list | kind.map | kind.other], gives: kind.number }, '@in': { takes: [anyKind, kind.list | kind.map | kind.other], gives: kind.boolean }, '_[_]': { takes: [kind.list | kind.map | kind.other, anyKind], gives: anyKind },
  int: { takes: [anyKind], gives: kind.number }, double: { takes: [anyKind], gives: kind.number }, string: { takes: [anyKind], gives: kind.text },
};
const shown: Readonly<Record<string, string>> = { '@in': 'in', '_[_]': '[ ]' };
const nameOfFunction = (id: string): string => shown[id] ?? id.replaceAll('_', '');

/**
 * Looks through an expression for parts that no facts could make work: a number compared with a text, a list where a truth value is needed. Throws a CelProblem
 * that names the place. What may be of several kinds passes as long as one of them fits.
 * @param kindsOf what a name may be @returns what the whole may be
 */
export const kindsIn = (root: CelTree, names: Names, kindsOf: (name: string) => Kinds): Kinds => {
  const at = (tree: CelTree, why: string): CelProblem => {
    let first = tree;
    while (first.exprKind.case === 'selectExpr') first = first.exprKind.value.operand!;
    return new CelProblem(why, offsetOf(root, first));
  };
  const walk = (tree: CelTree, bound: ReadonlySet<string>): Kinds => {
    const { exprKind: node } = tree;
    switch (node.case) {
      case 'constExpr': return literals[node.value.constantKind.case ?? ''] ?? kind.other;
      case 'identExpr':
      case 'selectExpr': {
        const name = nameOf(tree, names, bound);
        const fixed = name === undefined ? undefined : names.constant?.(name);
        if (name !== undefined) return fixed === undefined ? kindsOf(name) : kindOf(fixed);
        if (node.case === 'identExpr') return anyKind;
        const of = walk(node.value.operand!, bound);
        if ((of & (kind.map | kind.other)) === 0) throw at(tree, `no field ${node.value.field} in ${said(of)}`);
        return node.value.testOnly ? kind.boolean : anyKind;
      }
      case 'listExpr': node.value.elements.forEach((item) => walk(item, bound)); return kind.list;
      case 'callExpr': return call(tree, node.value.function, [...(node.value.target === undefined ? [] : [node.value.target]), ...node.value.args], bound);
      case 'comprehensionExpr': {
        const { iterRange, accuInit, loopCondition, loopStep, result, iterVar, iterVar2, accuVar } = node.value;
        const range = walk(iterRange!, bound);
        if ((range & (kind.list | kind.map)) === 0) throw at(iterRange!, `a list is needed, not ${said(range)}`);
        const inner = new Set([...bound, iterVar, iterVar2, accuVar]);
        walk(accuInit!, bound);
        for (const part of [loopCondition!, loopStep!, result!]) walk(part, inner);
        return anyKind;
      }
      default: return anyKind;
    }
  };
  const call = (tree: CelTree, id: string, operands: readonly CelTree[], bound: ReadonlySet<string>): Kinds => {
    const kinds = operands.map((one) => walk(one, bound));
    const [a = anyKind, b = anyKind, c = anyKind] = kinds;
    const disagree = (): CelProblem => at(tree, `${said(a)} ${nameOfFunction(id)} ${said(b)}: they never go together`);
    if (id === '_?_:_') {
      if ((a & kind.boolean) === 0) throw at(operands[0]!, `a truth value is needed before ?, not ${said(a)}`);
      return b | c;
    }
    if (id === '_==_' || id === '_!=_') {
      if ((a & b) === 0) throw disagree();
      return kind.boolean;
    }
    if (id === '_<_' || id === '_<=_' || id === '_>_' || id === '_>=_' || id === '_+_') {
      const both = a & b & (id === '_+_' ? added : ordered);
      // A time and a duration are both other; what they come to is not looked at.
      if (both === 0) throw disagree();
      return id === '_+_' ? both : kind.boolean;
    }
    const known = Object.hasOwn(functions, id) ? functions[id]! : undefined;
    if (known === undefined) return anyKind;
    kinds.forEach((found, i) => {
      const needed = known.takes[Math.min(i, known.takes.length - 1)]!;
      if ((found & needed) === 0) throw at(operands[i]!, `${nameOfFunction(id)} needs ${said(needed & ~kind.other)}, not ${said(found)}`);
    });
    return known.gives;
  };
  return walk(root, new Set());
};
