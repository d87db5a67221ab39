import { compileBundle } from '../../core/rules/compile.ts';
import type { CompiledBundle, CompiledRule } from '../../core/rules/compile.ts';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import { rowsOf } from '../logic/matrix.ts';
import type { RowOutcome } from '../logic/matrix.ts';
import type { Outcome } from '../logic/outcome.ts';
import { outcomesOf } from '../logic/outcome.ts';
import { anyOf } from '../logic/possible.ts';
import { not, or, yes } from '../logic/terms.ts';
import { createToolWorld, derivableFacts, firedIn, without } from '../logic/tool-world.ts';
import type { Found, ToolWorld } from '../logic/tool-world.ts';
import type { Witness } from '../logic/model.ts';
import { startSolver } from '../solver/solver.ts';
import type { Solver } from '../solver/solver.ts';
import type { Catalogue, LintBundle, NotChecked, Problem } from '../types.ts';
import { contradictionsOf } from './contradictions.ts';
import { differs, neededWhen } from './needed.ts';
import { lintStructure } from './structure.ts';

/** What is known of one rule over all tools it applies to. */
interface Standing { fires: boolean; needed: boolean; unsure: Set<string>; readonly tools: string[] }
export interface Linted { readonly world: ToolWorld; readonly rows: readonly RowOutcome[]; readonly outcomes: readonly Outcome[]; readonly notes: ReadonlyMap<string, readonly string[]> }

/** Finds rules that do nothing, cannot do what they say, or contradict each other. Says what it could not find out. */
export const lintBundle: LintBundle = async (spec, catalogue, shared) => {
  const bundle = compileBundle(spec);
  const problems = lintStructure(spec, bundle, catalogue);
  const notChecked: NotChecked[] = [];
  const solver = shared ?? await startSolver();
  try {
    const standings = new Map<string, Standing>(bundle.rules.map(({ id }) => [id, { fires: false, needed: false, unsure: new Set(), tools: [] }]));
    const contradictions = contradictionsOf(bundle);
    for (const tool of catalogue) {
      const linted = worldOf(solver, spec, bundle, catalogue, tool.tool);
      for (const { rule } of linted.outcomes) standings.get(rule.id)!.tools.push(tool.tool);
      await lookAt(linted, bundle, standings, problems);
      await contradictions.lookAt(linted);
    }
    const shadowed = await confirmShadowed(solver, spec, bundle, catalogue, standings);
    for (const rule of bundle.rules) {
      const standing = standings.get(rule.id)!;
      const about = { rule: rule.id, tools: standing.tools };
      if (standing.tools.length === 0 || standing.needed) continue;
      if (standing.unsure.size > 0) notChecked.push({ rule: rule.id, why: `whether it ever ${standing.fires ? 'matters' : 'fires'}: ${[...standing.unsure].join('; ')}` });
      else if (!standing.fires) {
        const off = await switchedOff(solver, bundle, catalogue, rule, standing.tools);
        problems.push({ kind: 'dead', severity: off === null ? 'error' : 'warning', ...about, why: off ?? `no facts of ${list(standing.tools)} make it true: ${rule.when.source}` });
      }

      else if (shadowed.has(rule.id) && !contradictions.problems.some((problem) => problem.rule === rule.id && problem.severity === 'error')) problems.push({ kind: 'shadowed', severity: 'warning', ...about, why: shadowed.get(rule.id)! });
    }
    problems.push(...contradictions.problems);
    notChecked.push(...contradictions.notChecked);
  } finally {
    if (shared === undefined) solver.stop();
  }
  return { problems, notChecked };
};

const list = (tools: readonly string[]): string => (tools.length <= 3 ? tools.join(', ') : `${tools.slice(0, 3).join(', ')} and ${tools.length - 3} more`);

const worldOf = (solver: Solver, { matrix }: BundleSpec, bundle: CompiledBundle, catalogue: Catalogue, name: string): Linted => {
  const notes = new Map<string, string[]>();
  const ofFacts: string[] = [];
  const world = createToolWorld(solver, name, catalogue.find(({ tool }) => tool === name)!, derivableFacts(catalogue), (why) => ofFacts.push(why));
  const outcomes = outcomesOf(bundle, bundle.index(name).rules, world.facts, world.script, ({ id }, why) => notes.set(id, [...(notes.get(id) ?? []), why]));
  for (const { rule } of outcomes) if (ofFacts.length > 0) notes.set(rule.id, [...(notes.get(rule.id) ?? []), ...ofFacts]);
  return { world, outcomes, notes, rows: rowsOf(matrix, name, world.facts, world.script) };
};

const lookAt = async ({ world, outcomes, rows, notes }: Linted, bundle: CompiledBundle, standings: ReadonlyMap<string, Standing>, problems: Problem[]): Promise<void> => {
  const open = (rule: CompiledRule): boolean => !standings.get(rule.id)!.needed;
  const learn = (witness: Witness): void => {
    const all = world.decide(bundle, witness);
    for (const { rule } of outcomes) {
      const standing = standings.get(rule.id)!;
      if (standing.needed || !firedIn(all, rule)) continue;
      standing.fires = true;
      standing.needed = differs(all, world.decide(without(bundle, (other) => other === rule), witness));
    }
  };
  for (const outcome of outcomes) {
    const { rule } = outcome;
    const standing = standings.get(rule.id)!;
    const doubt = (): void => { for (const why of notes.get(rule.id) ?? ['the solver could not say in time']) standing.unsure.add(why); };
    const fails = or(outcome.failsByArguments, outcome.failsByUs);
    if (fails === yes || (fails !== 'false' && await world.find(not(fails)) === 'none')) {
      problems.push({ kind: 'always_fails', severity: 'error', rule: rule.id, tools: [world.name], why: `on ${world.name} it can only fail, whatever the facts: ${rule.when.source}` });
      continue;
    }
    if (!open(rule)) continue;
    const others = outcomes.filter((other) => other !== outcome);
    const found = await world.find(neededWhen(bundle, world.name, outcome, others, rows, world.facts, world.script));
    if (isWitness(found)) learn(found);
    if (!open(rule)) continue;
    if (found !== 'none') doubt();
    if (standing.fires) continue;
    const fired = await world.find(outcome.fires);
    if (isWitness(fired)) learn(fired);
    if (!standing.fires && fired !== 'none') doubt();
  }
};

/** A rule that other values of its parameters would wake is put off, not wrong. */
const switchedOff = async (solver: Solver, bundle: CompiledBundle, catalogue: Catalogue, rule: CompiledRule, tools: readonly string[]): Promise<string | null> => {
  const read = rule.when.uses.filter((name) => Object.hasOwn(bundle.parameters, name));
  if (read.length === 0) return null;
  for (const tool of tools) {
    const world = createToolWorld(solver, tool, catalogue.find((one) => one.tool === tool)!, derivableFacts(catalogue), () => undefined);
    const any = (name: string) => (read.includes(name) ? anyOf(world.script, name, parameterKinds[typeof bundle.parameters[name] as keyof typeof parameterKinds]) : null);
    const [outcome] = outcomesOf(bundle, [rule], world.facts, world.script, () => undefined, any);
    if (isWitness(await world.find(outcome!.fires))) return `put off by ${read.map((name) => `${name} = ${JSON.stringify(bundle.parameters[name])}`).join(', ')}: ${rule.when.source}`;
  }
  return null;
};
const parameterKinds = { string: 'string', number: 'int', boolean: 'bool' } as const;

export const isWitness = (found: Found): found is Witness => typeof found === 'object';

/** Of rules that shadow each other only so many go that one remains: the later ones first. The text says who does their work. */
const confirmShadowed = async (solver: Solver, spec: BundleSpec, bundle: CompiledBundle, catalogue: Catalogue, standings: ReadonlyMap<string, Standing>): Promise<ReadonlyMap<string, string>> => {
  const gone = new Map<string, string>();
  const candidates = bundle.rules.filter(({ id }) => { const { fires, needed, unsure, tools } = standings.get(id)!; return tools.length > 0 && fires && !needed && unsure.size === 0; });
  for (const rule of candidates.toReversed()) {
    let still = true;
    let by: string[] | null = null;
    const seen: string[] = [];
    for (const tool of standings.get(rule.id)!.tools) {
      const { world, outcomes, rows } = worldOf(solver, spec, bundle, catalogue, tool);
      const own = outcomes.find((outcome) => outcome.rule === rule)!;
      const others = outcomes.filter((outcome) => outcome !== own && !gone.has(outcome.rule.id));
      if (still && await world.find(neededWhen(bundle, tool, own, others, rows, world.facts, world.script)) !== 'none') still = false;
      if (!still) break;
      const alone: string[] = [];
      if (await world.find(neededWhen(bundle, tool, own, [], [], world.facts, world.script)) === 'none') alone.push('what is built in');
      for (const row of rows) if (await world.find(neededWhen(bundle, tool, own, [], [row], world.facts, world.script)) === 'none') alone.push(row.id);
      for (const other of others) if (await world.find(neededWhen(bundle, tool, own, [other], [], world.facts, world.script)) === 'none') alone.push(other.rule.id);
      by = by === null ? alone : by.filter((id) => alone.includes(id));
      const witness = await world.find(own.fires);
      if (isWitness(witness)) for (const { id } of world.decide(bundle, witness).rules) if (id !== rule.id && !gone.has(id) && !seen.includes(id)) seen.push(id);
    }
    if (still) gone.set(rule.id, by !== null && by.length > 0 ? `wherever it fires, ${by.join(' and ')} asks for as much` : `wherever it fires, others together ask for as much${seen.length > 0 ? ` (among them ${seen.slice(0, 5).join(', ')})` : ''}`);
  }
  return gone;
};

