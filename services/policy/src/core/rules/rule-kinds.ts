import { anyKind, kind, kindsIn } from '../cel/kinds.ts';
import type { Names } from '../cel/names.ts';
import { CelProblem, parseCel } from '../cel/parse.ts';
import { factKinds } from '../facts/kinds.ts';
import type { BundleSpec } from './bundle.ts';
import type { CompiledBundle } from './compile.ts';
import { readContext } from './context-spec.ts';
import { collectProblems } from './problem.ts';
import type { Problem } from './problem.ts';

/** Conditions and rewrites of a compiled bundle that can never be evaluated, whatever the facts: what they put together is never of the right kind. */
export const kindProblems = (spec: BundleSpec, bundle: CompiledBundle): readonly Problem[] => {
  const { problems, complain } = collectProblems();
  const kindsOf = factKinds(readContext(spec.context, complain));
  const read = new Set(bundle.rules.flatMap(({ when, rewrites }) => [...when.uses, ...rewrites.flatMap(({ value }) => value.uses)]));
  const names: Names = { has: (name) => read.has(name), byArguments: () => false, constant: (name) => (Object.hasOwn(bundle.parameters, name) ? bundle.parameters[name] : undefined) };
  const look = (source: string, path: string, rule: string, needed: number): void => {
    try {
      const found = kindsIn(parseCel(source), names, kindsOf);
      if ((found & needed) === 0) throw new CelProblem('is never true or false', 0);
    } catch (error) {
      if (!(error instanceof CelProblem)) throw error;
      complain(path, error.message, { rule, offset: error.offset });
    }
  };
  spec.rules.forEach(({ id, when, obligations }, i) => {
    look(when, `rules[${i}].when`, id, kind.boolean);
    obligations?.rewrite?.forEach(({ value }, n) => look(value, `rules[${i}].obligations.rewrite[${n}].value`, id, anyKind));
  });
  return problems;
};
