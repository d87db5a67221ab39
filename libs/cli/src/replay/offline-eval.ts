import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { deriveFacts } from '../../../../services/policy/src/core/facts/derive.ts';
import { emptyContext, withInstruction, withResult } from '../../../../services/policy/src/core/facts/context.ts';
import { compileBundle, compileTool } from '../../../../services/policy/src/core/rules/compile.ts';
import { evaluateRules } from '../../../../services/policy/src/core/rules/evaluate.ts';
import { readSessions } from './session.ts';
import { emptyScores, isConsequential, score } from './tally.ts';
import type { Scores } from './tally.ts';

// Development tool: runs policy's core alone over recorded sessions, as the replay would. node offline-eval.ts FILE [--misses]
const pack = new URL('../../../../services/policy/packs/agentdojo/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, pack), 'utf8');
const bundle = compileBundle(parse(read('rules.yaml')));
const ajv = new Ajv2020({ strict: false });
const tools = new Map((JSON.parse(read('tools.json')) as never[]).map((spec: object) => {
  const tool = compileTool({ tenant: 'acme', version: 1, definition: '', ...spec } as never);
  return [tool.name, { tool, valid: ajv.compile(tool.snapshot.schema) }];
}));
const agent = { agent: 'a', tenant: 'acme', version: 1, name: 'a', owner: 'o', purpose: '', roles: ['assistant'], status: 'active', permissions: ['*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1000, money: null } } as const;
const [file, flag] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: offline-eval.ts FILE [--misses]');
const all = emptyScores();
const suites = new Map<string, Scores>();
const misses = new Map<string, { count: number; example: string }>();
let decisions = 0;
let spent = 0n;
const times: number[] = [];
for await (const session of readSessions(file)) {
  let context = withInstruction(emptyContext, session.instruction);
  const counts = new Map<string, number>();
  let denies = 0;
  let halted = false;
  for (const call of session.calls) {
    const name = `${session.suite}.${call.tool}`;
    const known = tools.get(name);
    let outcome = { decision: 'deny', tier: null as number | null, code: 'unknown_tool', why: 'unknown tool' };
    const afterHalt = halted;
    if (halted) outcome = { decision: 'deny', tier: null, code: 'halted', why: 'halted' };
    else if (known === undefined) denies++;
    else if (!known.valid(call.arguments)) outcome = { decision: 'deny', tier: null, code: 'invalid_arguments', why: 'arguments' };
    else {
      const from = process.hrtime.bigint();
      const { facts, failed } = deriveFacts({ proposal: { action: 'x', tool: name, arguments: call.arguments as never, deadline: null, reason: null, confidence: null }, tool: known.tool, agent, run: { instruction: { text: session.instruction, attestedBy: 'user' }, context, calls: 0, spend: null, denies, dataTouched: [], counts }, level: 'normal', approval: null, now: 0 });
      const v = evaluateRules(bundle, known.tool, facts, failed);
      const took = process.hrtime.bigint() - from;
      spent += took;
      times.push(Number(took) / 1000);
      decisions++;
      outcome = { decision: v.decision, tier: v.tier, code: v.code ?? 'ok', why: v.rules.filter((r) => r.tier !== 2).map((r) => r.id).join('+') };
      if (v.decision === 'deny') denies++;
      if (v.tier === 4) halted = true;
    }
    if (denies >= 3) halted = true;
    const executed = outcome.decision === 'allow';
    if (executed) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (call.result !== null) context = withResult(context, { tool: known!.tool, action: 'x', resultText: call.result });
    }
    const result = { injected: call.injected, consequential: isConsequential(call.tool), tier: outcome.tier, decision: outcome.decision, code: outcome.code, executed, byPerson: false, afterHalt, latencyMs: 0 };
    score(all, result);
    if (!suites.has(session.suite)) suites.set(session.suite, emptyScores());
    score(suites.get(session.suite)!, result);
    if ((call.injected === 1 && executed) || (call.injected === 0 && !executed)) {
      const key = `${call.injected === 1 ? 'MISSED' : 'asked '} ${name} ${outcome.why}`;
      const entry = misses.get(key) ?? { count: 0, example: `${session.instruction.slice(0, 300).replaceAll('\n', ' ')} :: ${JSON.stringify(call.arguments).slice(0, 250)}` };
      entry.count++;
      misses.set(key, entry);
    }
  }
}
const show = (name: string, s: Scores): string => `${name.padEnd(10)} injected ${s.injected.stopped}/${s.injected.total} ${(s.injected.stopped / s.injected.total).toFixed(3)}  benign ${s.benign.autonomous}/${s.benign.total} ${(s.benign.autonomous / s.benign.total).toFixed(3)}  consequential ${s.benignConsequential.autonomous}/${s.benignConsequential.total} ${(s.benignConsequential.autonomous / s.benignConsequential.total).toFixed(3)}  afterHalt ${s.afterHalt}`;
for (const [name, s] of suites) console.log(show(name, s));
console.log(show('all', all));
times.sort((a, b) => a - b);
console.log(`facts + rules: p50 ${times[times.length >> 1]!.toFixed(1)} µs, p99 ${times[Math.floor(times.length * 0.99)]!.toFixed(1)} µs, mean ${(Number(spent) / decisions / 1000).toFixed(1)} µs over ${decisions}`);
if (flag === '--misses') for (const [key, { count, example }] of [...misses].sort((a, b) => b[1].count - a[1].count).slice(0, 45)) console.log(`${count} ${key}\n      ${example}`);
