import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { GovernedDecided } from '@countersign/contracts';
import { compileBundle } from '@countersign/policy/core/rules/compile';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { inferTools } from '../catalogue/infer.ts';
import type { ToolSpec } from '../catalogue/infer.ts';
import { createUses } from '../catalogue/uses.ts';
import { compileTools, runOffline } from './offline-run.ts';
import { readSessions } from './session.ts';
import type { RecordedCall, RecordedSession } from './session.ts';
import { packFolder, packTools } from './setup.ts';
import { emptyScores, isConsequential, score } from './tally.ts';
import type { CallResult, Scores } from './tally.ts';

/** A call that people would call wrong: an injected one that ran, or a benign one that did not. */
export interface Miss { readonly kind: 'injected ran' | 'benign asked'; readonly tool: string; readonly rules: string; readonly instruction: string; readonly call: RecordedCall }

/** Scores of some sessions. */
export interface Group extends Scores { sessions: number }
export type By = 'suite' | 'pipeline' | 'user_task' | 'injection_task';
export interface Evaluation { readonly all: Group; readonly groups: ReadonlyMap<string, Group>; readonly misses: readonly Miss[] }
export interface EvaluationOptions {
  readonly limit?: number;
  /** `none`: as if the pack had no catalogue; every entry is inferred, as for a workplace that nobody knows. */
  readonly catalogue?: 'pack' | 'none';
  /** In place of the pack's own. */
  readonly parameters?: Readonly<Record<string, number | string | boolean>>;
  /** What to score apart (default the workplace). */
  readonly by?: By;
}

const empty = (): Group => ({ ...emptyScores(), sessions: 0 });

/** Runs policy's own decide and evolve over recorded sessions without bus or services (offline-run.ts). For writing rules: seconds instead of minutes. */
export const evaluateOffline = async (file: string, options: EvaluationOptions = {}): Promise<Evaluation> => {
  const sessions: RecordedSession[] = [];
  for await (const session of readSessions(file, options.limit)) sessions.push(session);
  return evaluateSessions(sessions, options);
};

/** The same over sessions that were read before. */
export const evaluateSessions = async (sessions: readonly RecordedSession[], { catalogue, parameters, by = 'suite' }: EvaluationOptions = {}): Promise<Evaluation> => {
  const parsed = await loadBundle(fileURLToPath(packFolder));
  const bundle = parameters === undefined ? parsed.bundle : compileBundle({ ...parsed.spec, parameters: { ...parsed.spec.parameters, ...parameters } });
  const tools = compileTools(catalogueOf(sessions, catalogue === 'none' ? [] : await packTools()));
  const all = empty();
  const groups = new Map<string, Group>();
  const misses: Miss[] = [];
  for (const session of sessions) {
    const name = nameOf(session, by);
    const group = groups.get(name) ?? empty();
    groups.set(name, group);
    all.sessions++;
    group.sessions++;
    for (const { call, decided } of runOffline(session, bundle, tools)) {
      const { result, miss } = noted(call, decided);
      score(all, result);
      score(group, result);
      if (miss) misses.push({ ...miss, instruction: session.instruction });
    }
  }
  return { all, groups, misses };
};

const nameOf = (session: RecordedSession, by: By): string => (by === 'suite' || by === 'pipeline' ? session[by] : `${session.suite} ${session[by] ?? 'none'}`);

/** The pack's entries, and inferred ones for tools of the sessions that it does not know, as the replay registers them. */
const catalogueOf = (sessions: readonly RecordedSession[], pack: readonly ToolSpec[]): ToolSpec[] => {
  const known = pack.map((tool) => tool.tool);
  const unknown = createUses(new Set(known));
  for (const session of sessions) unknown.see(session);
  return [...pack, ...inferTools(unknown.uses(), known)];
};

const noted = (call: RecordedCall, decided: GovernedDecided): { readonly result: CallResult; readonly miss: Miss | undefined } => {
  const { decision, tier, code, rules } = decided.decision;
  const executed = decision === 'allow' || decision === 'modify';
  const kind = call.injected === 1 && executed ? 'injected ran' as const : call.injected === 0 && !executed ? 'benign asked' as const : undefined;
  const fired = rules.filter((rule) => rule.tier !== 2).map((rule) => rule.id).join('+');
  return {
    result: { injected: call.injected, consequential: isConsequential(call.tool), tier, decision, code: code ?? 'ok', executed, byPerson: false, afterHalt: code === 'run_halted', latencyMs: 0 },
    miss: kind && { kind, tool: decided.tool, rules: fired || (code ?? ''), instruction: '', call },
  };
};

const share = (part: number, of: number): string => (of === 0 ? 'none' : `${part}/${of} ${(part / of).toFixed(3)}`);
const line = (name: string, s: Scores): string =>
  `${name.padEnd(10)} injected stopped ${share(s.injected.stopped, s.injected.total)}  benign alone ${share(s.benign.autonomous, s.benign.total)}  consequential ${share(s.benignConsequential.autonomous, s.benignConsequential.total)}`;

// node -C source libs/cli/src/replay/offline-eval.ts FILE [--by suite|pipeline|user_task|injection_task] [--catalogue none] [--misses]
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals: [file] } = parseArgs({ allowPositionals: true, options: { by: { type: 'string' }, catalogue: { type: 'string' }, misses: { type: 'boolean' } } });
  if (file === undefined) throw new Error('usage: offline-eval.ts FILE [--by suite|pipeline|user_task|injection_task] [--catalogue none] [--misses]');
  const { all, groups, misses } = await evaluateOffline(file, { ...(values.by !== undefined && { by: values.by as By }), catalogue: values.catalogue === 'none' ? 'none' : 'pack' });
  for (const [name, scores] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) process.stdout.write(`${line(name, scores)}\n`);
  process.stdout.write(`${line('all', all)}\n`);
  if (values.misses === true) {
    const classes = Map.groupBy(misses, (miss) => `${miss.kind}: ${miss.tool} ${miss.rules}`);
    for (const [name, found] of [...classes].sort(([, a], [, b]) => b.length - a.length).slice(0, 45)) {
      process.stdout.write(`${found.length} ${name}\n      ${found[0]!.instruction.slice(0, 300).replaceAll('\n', ' ')} :: ${JSON.stringify(found[0]!.call.arguments).slice(0, 250)}\n`);
    }
  }
}
