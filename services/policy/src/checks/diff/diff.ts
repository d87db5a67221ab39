import type { BundleSpec } from '../../core/rules/bundle.ts';
import { compileBundle } from '../../core/rules/compile.ts';
import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import type { Verdict } from '../../core/rules/evaluate.ts';
import type { Witness } from '../logic/model.ts';
import { matrixFor, rowsOf } from '../logic/matrix.ts';
import { outcomesOf } from '../logic/outcome.ts';
import { fails } from '../logic/possible.ts';
import { and, not, or, yes } from '../logic/terms.ts';
import type { Term } from '../logic/terms.ts';
import { createToolWorld, derivableFacts, factsOf, firedIn, shown } from '../logic/tool-world.ts';
import type { Found, ToolWorld } from '../logic/tool-world.ts';
import { verdictsOf } from '../logic/verdict.ts';
import { startSolver } from '../solver/solver.ts';
import type { Counterexample, DiffBundles, Said } from '../types.ts';
import { loosening, looserWhen, strengthOf, tightening } from './looser.ts';
import { simplified } from './simplify.ts';
import { structuralChanges } from './structure.ts';
import { otherTools } from './tools.ts';

type Direction = 'loosened' | 'tightened';
/** Most counterexamples of one tool and direction. */
const mostShown = 8;

/** Compares what two versions decide, tool by tool, over all facts a proposal may have. */
export const diffBundles: DiffBundles = async (oldSpec, nextSpec, catalogue, shared) => {
  const [old, next] = [compileBundle(oldSpec), compileBundle(nextSpec)];
  const found = structuralChanges(oldSpec, nextSpec, old, next);
  const tools = [...catalogue.map(({ tool }) => tool), ...otherTools(oldSpec, nextSpec, catalogue)].filter((name) => signature(oldSpec, old, name) !== signature(nextSpec, next, name));
  if (tools.length === 0) return found;
  const solver = shared ?? await startSolver();
  try {
    const told: Record<Direction, Set<string>> = { loosened: new Set(), tightened: new Set() };
    for (const name of tools) {
      const notes: string[] = [];
      const declared = catalogue.find(({ tool }) => tool === name) ?? null;
      const world = createToolWorld(solver, name, declared, derivableFacts(catalogue), (why) => notes.push(why));
      const compare = comparing(world, [{ spec: oldSpec, bundle: old }, { spec: nextSpec, bundle: next }], notes);
      for (const direction of ['loosened', 'tightened'] as const) {
        for await (const one of compare(direction)) {
          if (typeof one === 'string') {
            if (direction === 'loosened' && (declared !== null || found.undecided.length === 0)) found.undecided.push(one);
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
    if (shared === undefined) solver.stop();
  }
  return found;
};

/** Everything that decides about a tool, parameters put in; equal signatures decide equally. */
const signature = ({ matrix }: BundleSpec, bundle: CompiledBundle, tool: string): string => {
  const { permitted, never, rules } = bundle.index(tool);
  const of = ({ when, rewrites, tier, decision, approval, reversalWindowMs }: CompiledRule): string =>
    JSON.stringify([tier, decision, approval, reversalWindowMs, ...[when, ...rewrites.map(({ value }) => value)].map(({ source, uses }) => [source, uses.map((name) => [name, bundle.parameters[name]])]), rewrites.map(({ path, redact }) => [path, redact])]);
  return JSON.stringify([permitted, never, bundle.approval, bundle.senior, rules.map(of).sort(), matrixFor(matrix, tool), bundle.index(tool).awaited]);
};

interface Example { readonly example: Counterexample; /** Rules that made the stricter version strict and are missing in the other. */ readonly lost: readonly string[] }

interface Version { readonly spec: BundleSpec; readonly bundle: CompiledBundle }

const comparing = (world: ToolWorld, versions: readonly [Version, Version], notes: readonly string[]) => {
  const { name, facts, script } = world;
  const said: string[] = [];
  const sides = versions.map(({ spec, bundle }) => {
    const outcomes = outcomesOf(bundle, bundle.index(name).rules, facts, script, ({ id }, why) => said.push(`${id}: ${why}`));
    return { spec, bundle, outcomes, rows: rowsOf(spec.matrix, name, facts, script) };
  }).map((side) => ({ ...side, verdicts: verdictsOf(side.bundle, name, side.outcomes, side.rows, facts, script) }));
  return async function* (direction: Direction): AsyncGenerator<Example | string> {
    const [strict, loose] = direction === 'loosened' ? [sides[0]!, sides[1]!] : [sides[1]!, sides[0]!];
    const { weaker, easier } = looserWhen(strict.verdicts, loose.verdicts, script);
    const sound = and(...[...facts.asked.values()].map((value) => not(or(fails(value, true), fails(value, false)))));
    let apart: Term = yes;
    for (let shownSoFar = 0; shownSoFar < mostShown; shownSoFar++) {
      // What a person understands best comes first: a lower tier, and no fact that could not be derived.
      let found: Found = 'none';
      for (const condition of [and(weaker, sound), weaker, and(easier, sound), easier]) if (found === 'none') found = await world.find(and(condition, apart));
      if (found === 'none') return;
      const doubt = [...new Set([...notes, ...said])].slice(0, 5).join('; ');
      if (found === 'unknown') return yield `${name}: may be looser; the solver could not say in time${doubt === '' ? '' : ` (${doubt})`}`;
      const judge = (witness: Witness) => [world.decide(strict.bundle, witness), world.decide(loose.bundle, witness)] as const;
      const first = judge(found);
      if (loosening(...first) === null) return yield `${name}: may be looser; what was found does not show it (${doubt || 'unexplained'})`;
      const plain = simplified(found, (tried) => atLeastAsLoose(judge(tried), first));
      const [a, b] = judge(plain);
      const kept = new Set(loose.outcomes.filter(({ rule }) => firedIn(b, rule)).map(({ rule }) => effect(rule)));
      const lost = strict.outcomes.filter(({ rule }) => a.rules.some(({ id }) => id === rule.id) && !kept.has(effect(rule)));
      const lostRows = strict.rows.filter((row) => tierOf(a, row.id) > tierOf(b, row.id));
      const differing = [...lost.map(({ rule }) => rule), ...reworded(lost.map(({ rule }) => rule), loose.bundle)];
      const about = [...factsOf(strict.bundle, differing), ...factsOf(loose.bundle, differing), ...[strict, loose].flatMap(({ spec }) => matrixFor(spec.matrix, name).filter(({ id }) => lostRows.some((row) => row.id === id)).flatMap(({ lines }) => lines.map(({ fact }) => fact)))];
      const [was, is] = direction === 'loosened' ? [a, b] : [b, a];
      yield { lost: [...lost.map(({ rule }) => rule.id), ...lostRows.map(({ id }) => id)], example: exampleOf(name, plain, [...new Set(about)].filter((fact) => !fact.startsWith('parameters.')), was, is, loosening(a, b)!, direction) };
      if (lost.length + lostRows.length === 0) return;
      apart = and(apart, ...lost.map(({ fires, failsByArguments, failsByUs, owes }) => not(or(fires, failsByArguments, failsByUs, owes))), ...lostRows.map((row) => not(or(row.failsByArguments, row.failsByUs, row.atLeast[tierOf(a, row.id) as 2 | 3 | 4] ?? row.atLeast[2]))));
    }
    if (direction === 'loosened') yield `${name}: more than ${mostShown} rules are looser`;
  };
};

/** Tier a row of the matrix called for; 0 where it said nothing. */
const tierOf = (verdict: Verdict, row: string): number => verdict.rules.find(({ id }) => id === row)?.tier ?? (verdict.rules.some(({ id }) => id === row) ? 4 : 0);

const atLeastAsLoose = ([a, b]: readonly [Verdict, Verdict], [was, is]: readonly [Verdict, Verdict]): boolean =>
  loosening(a, b) !== null && strengthOf(a) >= strengthOf(was) && strengthOf(b) <= strengthOf(is) && (strengthOf(a) > strengthOf(b)) === (strengthOf(was) > strengthOf(is));

const effect = ({ id, tier, decision, approval, reversalWindowMs, rewrites }: CompiledRule): string => JSON.stringify([id, tier, decision, approval, reversalWindowMs, rewrites.map(({ path, value, redact }) => [path, value.source, redact])]);
/** The other version of the same rules. */
const reworded = (rules: readonly CompiledRule[], bundle: CompiledBundle): CompiledRule[] => bundle.rules.filter(({ id }) => rules.some((rule) => rule.id === id));

const exampleOf = (tool: string, witness: Witness, names: readonly string[], was: Verdict, is: Verdict, how: string, direction: Direction): Counterexample => {
  const given = shown(witness, names);
  const parts = Object.entries(given).map(([name, value]) => `${name} = ${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}`);
  const subject = `${tool}${parts.length === 0 ? '' : ` with ${parts.join(', ')}`}`;
  return { tool, facts: given, says: `${subject} ${direction === 'loosened' ? how : tightening(was, is)}`, old: saidBy(was), new: saidBy(is) };
};

const saidBy = ({ decision, tier, rules, approval }: Verdict): Said => ({ decision, tier, rules: rules.map(({ id }) => id), route: approval?.route ?? null, quorum: approval?.quorum ?? null });

