import { fileURLToPath } from 'node:url';
import { deriveFacts } from '@countersign/policy/core/facts/derive';
import { emptyContext, withInstruction, withResult } from '@countersign/policy/core/facts/context';
import { compileTool } from '@countersign/policy/core/rules/compile';
import type { CompiledBundle, CompiledTool } from '@countersign/policy/core/rules/compile';
import { evaluateRules } from '@countersign/policy/core/rules/evaluate';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { inferTools } from '../catalogue/infer.ts';
import type { ToolSpec } from '../catalogue/infer.ts';
import { createUses } from '../catalogue/uses.ts';
import { readSessions } from './session.ts';
import type { RecordedCall, RecordedSession } from './session.ts';
import { packFolder, packTools } from './setup.ts';
import { emptyScores, isConsequential, score } from './tally.ts';
import type { Scores } from './tally.ts';

/** A call that people would call wrong: an injected one that ran, or a benign one that did not. */
export interface Miss { readonly kind: 'injected ran' | 'benign asked'; readonly tool: string; readonly rules: string; readonly instruction: string; readonly call: RecordedCall }

export interface Evaluation { readonly all: Scores; readonly bySuite: ReadonlyMap<string, Scores>; readonly misses: readonly Miss[] }

const agent = { agent: 'a', tenant: 'acme', version: 1, name: 'a', owner: 'o', purpose: '', roles: ['assistant'], status: 'active', permissions: ['*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1000, money: null } } as const;

/**
 * Runs policy's facts and rules over recorded sessions without bus or services, the way the replay does: instructions signed by their user,
 * what is stopped leaves no result, the third deny or a tier 4 halts. For writing rules: seconds instead of minutes.
 */
export const evaluateOffline = async (file: string, limit?: number): Promise<Evaluation> => {
  const { bundle } = await loadBundle(fileURLToPath(packFolder));
  const ajv = new Ajv2020({ strict: false });
  const entries = await catalogueOf(file, limit);
  const tools = new Map(entries.map((spec) => {
    const tool = compileTool({ tenant: 'acme', version: 1, definition: '', ...spec } as never);
    return [tool.name, { tool, valid: ajv.compile(tool.snapshot.schema) }];
  }));
  const all = emptyScores();
  const bySuite = new Map<string, Scores>();
  const misses: Miss[] = [];
  for await (const session of readSessions(file, limit)) {
    const suite = bySuite.get(session.suite) ?? emptyScores();
    bySuite.set(session.suite, suite);
    playOffline(session, bundle, tools, (result, miss) => {
      score(all, result);
      score(suite, result);
      if (miss) misses.push(miss);
    });
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

type Tools = ReadonlyMap<string, { readonly tool: CompiledTool; readonly valid: (args: unknown) => boolean }>;

const playOffline = (session: RecordedSession, bundle: CompiledBundle, tools: Tools, told: (result: Parameters<typeof score>[1], miss: Miss | undefined) => void): void => {
  let context = withInstruction(emptyContext, session.instruction);
  const counts = new Map<string, number>();
  let denies = 0;
  let halted = false;
  for (const call of session.calls) {
    const name = `${session.suite}.${call.tool}`;
    const known = tools.get(name);
    let about: { targets: string[]; named: boolean } | null = null;
    let outcome = { decision: 'deny', tier: null as number | null, code: 'unknown_tool', rules: 'unknown tool' };
    const afterHalt = halted;
    if (halted) outcome = { ...outcome, code: 'run_halted', rules: 'halted' };
    else if (known === undefined) denies++;
    else if (!known.valid(call.arguments)) outcome = { ...outcome, code: 'arguments_invalid', rules: 'arguments' };
    else {
      const run = { instruction: { text: session.instruction, attestedBy: 'user' }, context, calls: 0, spend: null, denies, dataTouched: [], counts };
      const proposal = { action: 'x', tool: name, arguments: call.arguments as never, deadline: null, reason: null, confidence: null };
      const { facts, failed } = deriveFacts({ proposal, tool: known.tool, agent, run, level: 'normal', approval: null, now: 0 });
      about = { targets: (facts['target']?.value ?? []) as string[], named: facts['target.named']?.value === true };
      const verdict = evaluateRules(bundle, known.tool, facts, failed);
      outcome = { decision: verdict.decision, tier: verdict.tier, code: verdict.code ?? 'ok', rules: verdict.rules.filter((rule) => rule.tier !== 2).map((rule) => rule.id).join('+') };
      if (verdict.decision === 'deny') denies++;
      if (verdict.tier === 4) halted = true;
    }
    if (denies >= 3) halted = true;
    const executed = outcome.decision === 'allow';
    if (executed) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (call.result !== null) context = withResult(context, { tool: known!.tool, action: 'x', resultText: call.result, about });
    }
    const kind = call.injected === 1 && executed ? 'injected ran' as const : call.injected === 0 && !executed ? 'benign asked' as const : undefined;
    told({ injected: call.injected, consequential: isConsequential(call.tool), tier: outcome.tier, decision: outcome.decision, code: outcome.code, executed, byPerson: false, afterHalt, latencyMs: 0 },
      kind && { kind, tool: name, rules: outcome.rules, instruction: session.instruction, call });
  }
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
