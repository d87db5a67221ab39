import { fileURLToPath } from 'node:url';
import type { GovernedDecided } from '@countersign/contracts';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { inferTools } from '../catalogue/infer.ts';
import type { ToolSpec } from '../catalogue/infer.ts';
import { createUses } from '../catalogue/uses.ts';
import { compileTools, runOffline } from './offline-run.ts';
import { readSessions } from './session.ts';
import type { RecordedCall } from './session.ts';
import { packFolder, packTools } from './setup.ts';
import { emptyScores, isConsequential, score } from './tally.ts';
import type { CallResult, Scores } from './tally.ts';

/** A call that people would call wrong: an injected one that ran, or a benign one that did not. */
export interface Miss { readonly kind: 'injected ran' | 'benign asked'; readonly tool: string; readonly rules: string; readonly instruction: string; readonly call: RecordedCall }

export interface Evaluation { readonly all: Scores; readonly bySuite: ReadonlyMap<string, Scores>; readonly misses: readonly Miss[] }

/** Runs policy's own decide and evolve over recorded sessions without bus or services (offline-run.ts). For writing rules: seconds instead of minutes. */
export const evaluateOffline = async (file: string, limit?: number): Promise<Evaluation> => {
  const { bundle } = await loadBundle(fileURLToPath(packFolder));
  const tools = compileTools(await catalogueOf(file, limit));
  const all = emptyScores();
  const bySuite = new Map<string, Scores>();
  const misses: Miss[] = [];
  for await (const session of readSessions(file, limit)) {
    const suite = bySuite.get(session.suite) ?? emptyScores();
    bySuite.set(session.suite, suite);
    for (const { call, decided } of runOffline(session, bundle, tools)) {
      const { result, miss } = noted(call, decided);
      score(all, result);
      score(suite, result);
      if (miss) misses.push({ ...miss, instruction: session.instruction });
    }
  }
  return { all, bySuite, misses };
};

/** The pack's entries, and inferred ones for tools of the file that it does not know, as the replay registers them. */
const catalogueOf = async (file: string, limit?: number): Promise<ToolSpec[]> => {
  const pack = await packTools();
  const known = pack.map((tool) => tool.tool);
  const unknown = createUses(new Set(known));
  for await (const session of readSessions(file, limit)) unknown.see(session);
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

const share = (part: number, of: number): string => `${part}/${of} ${(part / of).toFixed(3)}`;
const line = (name: string, s: Scores): string =>
  `${name.padEnd(10)} injected stopped ${share(s.injected.stopped, s.injected.total)}  benign alone ${share(s.benign.autonomous, s.benign.total)}  consequential ${share(s.benignConsequential.autonomous, s.benignConsequential.total)}`;

// node -C source libs/cli/src/replay/offline-eval.ts FILE [--misses]
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, flag] = process.argv.slice(2);
  if (file === undefined) throw new Error('usage: offline-eval.ts FILE [--misses]');
  const { all, bySuite, misses } = await evaluateOffline(file);
  for (const [name, scores] of [...bySuite, ['all', all] as const]) process.stdout.write(`${line(name, scores)}\n`);
  if (flag === '--misses') {
    const classes = Map.groupBy(misses, (miss) => `${miss.kind}: ${miss.tool} ${miss.rules}`);
    for (const [name, found] of [...classes].sort(([, a], [, b]) => b.length - a.length).slice(0, 45)) {
      process.stdout.write(`${found.length} ${name}\n      ${found[0]!.instruction.slice(0, 300).replaceAll('\n', ' ')} :: ${JSON.stringify(found[0]!.call.arguments).slice(0, 250)}\n`);
    }
  }
}
