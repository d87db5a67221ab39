import { Unsupported, compileTree } from './compile.ts';
import type { Names } from './compile.ts';
import { interpretTree } from './interpret.ts';
import { parseCel } from './parse.ts';
import type { CelTree } from './parse.ts';
import type { Compiled } from './value.ts';

/** `interpreted` says why the slow way is taken; null where the expression is compiled. */
export interface Expression { readonly source: string; readonly run: Compiled; readonly uses: readonly string[]; readonly interpreted: string | null }

/** Makes CEL text runnable. Throws where it is no CEL or reads a name that does not exist. */
export const expression = (source: string, names: Names): Expression => {
  const tree = parseCel(source);
  try {
    const { run, uses } = compileTree(tree, names);
    return { source, run, uses: [...uses], interpreted: null };
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    const uses = freeNames(tree, names);
    return { source, run: interpretTree(tree, uses, uses.some((name) => names.byArguments(name))), uses, interpreted: error.message };
  }
};

/** Names a tree reads, the longest declared `a.b` first; throws on one that is neither declared nor bound by a macro. */
const freeNames = (tree: CelTree, names: Names): string[] => {
  const found = new Set<string>();
  const walk = (node: unknown, bound: ReadonlySet<string>): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach((item) => walk(item, bound));
    const kind = (node as Partial<CelTree>).exprKind;
    if (kind === undefined) return Object.values(node).forEach((item) => walk(item, bound));
    const full = dotted(node as CelTree);
    if (full !== undefined && !bound.has(full.split('.')[0]!) && names.has(full)) return void found.add(full);
    if (kind.case === 'identExpr' && !bound.has(kind.value.name)) throw new Error(`unknown name ${kind.value.name}`);
    const inner = kind.case === 'comprehensionExpr' ? new Set([...bound, kind.value.iterVar, kind.value.iterVar2, kind.value.accuVar]) : bound;
    walk(kind.value, inner);
  };
  walk(tree, new Set());
  return [...found];
};

const dotted = (tree: CelTree): string | undefined => {
  const kind = tree.exprKind;
  if (kind.case === 'identExpr') return kind.value.name;
  if (kind.case !== 'selectExpr' || kind.value.testOnly) return undefined;
  const before = dotted(kind.value.operand!);
  return before === undefined ? undefined : `${before}.${kind.value.field}`;
};
