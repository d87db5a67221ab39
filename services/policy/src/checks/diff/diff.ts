import { compileBundle } from '../../core/rules/compile.ts';
import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import type { Verdict } from '../../core/rules/evaluate.ts';
import type { Witness } from '../logic/model.ts';
import { outcomesOf } from '../logic/outcome.ts';
import { and, not } from '../logic/terms.ts';
import { createToolWorld, derivableFacts, factsOf, firedIn, shown } from '../logic/tool-world.ts';
import type { ToolWorld } from '../logic/tool-world.ts';
import { verdictsOf } from '../logic/verdict.ts';
import { startSolver } from '../solver/solver.ts';
import type { Counterexample, DiffBundles, Said } from '../types.ts';
import { loosening, looserWhen } from './looser.ts';
import { simplified } from './simplify.ts';
import { structuralChanges } from './structure.ts';
import { otherTools } from './tools.ts';

type Direction = 'loosened' | 'tightened';
/** Most counterexamples of one tool and direction. */
const mostShown = 8;

/** Compares what two versions decide, tool by tool, over all facts a proposal may have. */
export const diffBundles: DiffBundles = async (oldSpec, nextSpec, catalogue) => {
  const [old, next] = [compileBundle(oldSpec), compileBundle(nextSpec)];
  const found = structuralChanges(oldSpec, nextSpec, old, next);
  const tools = [...catalogue.map(({ tool }) => tool), ...otherTools(oldSpec, nextSpec, catalogue)].filter((name) => signature(old, name) !== signature(next, name));
  if (tools.length === 0) return found;
  const solver = await startSolver();
  try {
    const told: Record<Direction, Set<string>> = { loosened: new Set(), tightened: new Set() };
    for (const name of tools) {
      const notes: string[] = [];
      const declared = catalogue.find(({ tool }) => tool === name) ?? null;
      const world = createToolWorld(solver, name, declared, derivableFacts(catalogue), (why) => notes.push(why));
      const compare = comparing(world, old, next, notes);
      for (const direction of ['loosened', 'tightened'] as const) {
        for await (const one of compare(direction)) {
          if (typeof one === 'string') {
            if (direction === 'loosened') found.undecided.push(one);
            continue;
          }
          // What a tool of the catalogue has shown need not be shown again on one that nobody declared.
          const known = one.lost.length > 0 && one.lost.every((id) => told[direction].has(id));
          if (declared !== null) one.lost.forEach((id) => told[direction].add(id));
          if (declared !== null || !known) found[direction].push(one.example);
        }
      }
    }
  } finally {
    solver.stop();
  }
  return found;
};

/** Everything that decides about a tool, parameters put in; equal signatures decide equally. */
const signature = (bundle: CompiledBundle, tool: string): string => {
  const { permitted, never, rules } = bundle.index(tool);
  const of = ({ when, rewrites, tier, decision, approval, reversalWindowMs }: CompiledRule): string =>
    JSON.stringify([tier, decision, approval, reversalWindowMs, ...[when, ...rewrites.map(({ value }) => value)].map(({ source, uses }) => [source, uses.map((name) => [name, bundle.parameters[name]])]), rewrites.map(({ path }) => path)]);
  return JSON.stringify([permitted, never, bundle.approval, bundle.senior, rules.map(of).sort()]);
};

interface Example { readonly example: Counterexample; /** Rules that made the stricter version strict and are missing in the other. */ readonly lost: readonly string[] }

const comparing = (world: ToolWorld, old: CompiledBundle, next: CompiledBundle, notes: readonly string[]) => {
  const { name, facts, script } = world;
  const said: string[] = [];
  const sides = [old, next].map((bundle) => {
    const outcomes = outcomesOf(bundle, bundle.index(name).rules, facts, script, ({ id }, why) => said.push(`${id}: ${why}`));
    return { bundle, outcomes, verdicts: verdictsOf(bundle, name, outcomes, facts, script) };
  });
  return async function* (direction: Direction): AsyncGenerator<Example | string> {
    const [strict, loose] = direction === 'loosened' ? [sides[0]!, sides[1]!] : [sides[1]!, sides[0]!];
    let condition = looserWhen(strict.verdicts, loose.verdicts, script);
    for (let shownSoFar = 0; shownSoFar < mostShown; shownSoFar++) {
      const found = await world.find(condition);
      if (found === 'none') return;
      const doubt = [...new Set([...notes, ...said])].slice(0, 5).join('; ');
      if (found === 'unknown') return yield `${name}: may be looser; the solver could not say in time${doubt === '' ? '' : ` (${doubt})`}`;
      const judge = (witness: Witness) => [world.decide(strict.bundle, witness), world.decide(loose.bundle, witness)] as const;
      const how = ([a, b]: readonly [Verdict, Verdict]): string | null => loosening(a, b);
      if (how(judge(found)) === null) return yield `${name}: may be looser; what was found does not show it (${doubt || 'unexplained'})`;
      const plain = simplified(found, (tried) => how(judge(tried)) === how(judge(found)));
      const [a, b] = judge(plain);
      const kept = new Set(loose.outcomes.filter(({ rule }) => firedIn(b, rule)).map(({ rule }) => effect(rule)));
      const lost = strict.outcomes.filter(({ rule }) => firedIn(a, rule) && !kept.has(effect(rule)));
      const differing = [...lost.map(({ rule }) => rule), ...reworded(lost.map(({ rule }) => rule), loose.bundle)];
      const [was, is] = direction === 'loosened' ? [a, b] : [b, a];
      yield { lost: lost.map(({ rule }) => rule.id), example: exampleOf(name, plain, [...new Set([...factsOf(strict.bundle, differing), ...factsOf(loose.bundle, differing)])].filter((fact) => !fact.startsWith('parameters.')), was, is, loosening(a, b)!, direction) };
      if (lost.length === 0) return;
      condition = and(condition, ...lost.map(({ fires }) => not(fires)));
    }
    if (direction === 'loosened') yield `${name}: more than ${mostShown} rules are looser`;
  };
};

const effect = ({ id, tier, decision, approval, reversalWindowMs, rewrites }: CompiledRule): string => JSON.stringify([id, tier, decision, approval, reversalWindowMs, rewrites.map(({ path, value }) => [path, value.source])]);
/** The other version of the same rules. */
const reworded = (rules: readonly CompiledRule[], bundle: CompiledBundle): CompiledRule[] => bundle.rules.filter(({ id }) => rules.some((rule) => rule.id === id));

const exampleOf = (tool: string, witness: Witness, names: readonly string[], was: Verdict, is: Verdict, how: string, direction: Direction): Counterexample => {
  const given = shown(witness, names);
  const parts = Object.entries(given).map(([name, value]) => `${name} = ${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}`);
  const subject = `${tool}${parts.length === 0 ? '' : ` with ${parts.join(', ')}`}`;
  return { tool, facts: given, says: `${subject} ${direction === 'loosened' ? how : backwards(was, is)}`, old: saidBy(was), new: saidBy(is) };
};

const backwards = (was: Verdict, is: Verdict): string => {
  const how = loosening(is, was)!;
  return how.startsWith('was ') && how.includes(', is ') ? how.replace(/^was (.*), is (.*)$/, 'was $2, is $1') : `is stricter: the other way round, it ${how}`;
};

const saidBy = ({ decision, tier, rules, approval }: Verdict): Said => ({ decision, tier, rules: rules.map(({ id }) => id), route: approval?.route ?? null, quorum: approval?.quorum ?? null });

