import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Fact, Json } from '@countersign/contracts';
import { compileBundle, compileTool } from '@countersign/policy/core/rules/compile';
import { evaluateRules } from '@countersign/policy/core/rules/evaluate';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';
import { asRule, pick, randomOf, taskRules } from './thousand-rules.ts';
import type { TaskRule } from './thousand-rules.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../../../test/load/peers/', import.meta.url));
const engines = { cedar: { check: 2_000, name: '@cedar-policy/cedar-wasm, a preparsed policy set per tool' }, agt: { check: 200, name: '@microsoft/agent-governance-sdk, one rich policy (it knows no scope by tool)' } } as const;
type Engine = keyof typeof engines;

export type Outcome = 'allow' | 'step_up' | 'deny';
export interface Task { readonly rules: readonly TaskRule[]; /** JSON texts of {tool, facts}: 25 facts by name. */ readonly requests: readonly string[] }

/** 1,000 rules over 100 tools and requests with 25 facts whose values make some of the rules fire; the same each time. */
export const peersTask = (count = 5_000): Task => {
  const tools = Array.from({ length: 100 }, (_, n) => `office.tool${String(n).padStart(2, '0')}`);
  const random = randomOf(77);
  const upTo = (max: number): number => Math.floor(random() ** 3 * max);
  const requests = Array.from({ length: count }, () => JSON.stringify({
    tool: pick(random, tools),
    facts: {
      target: ['x'], 'target.count': upTo(60), 'target.named': random() < 0.5, 'target.trust': pick(random, ['instruction', 'directory', 'third_party', 'nowhere']), 'target.from': null,
      amount: upTo(90_000_000), currency: 'EUR', 'amount.named': random() < 0.5, 'text.strange': random() < 0.5, 'act.asked': random() < 0.5, 'act.done': upTo(900),
      'tool.consequential': random() < 0.5, 'tool.reversible': true, 'tool.data': ['internal'], 'agent.roles': ['clerk'], 'agent.environment': `site-${upTo(80)}`, 'agent.trusted': false, 'agent.ceiling': pick(random, [1, 2]),
      'run.calls': upTo(900), 'run.spend': upTo(90_000_000), 'run.denies': upTo(90), 'run.data': [], 'instruction.attested': random() < 0.5, level: random() < 0.2 ? 'high' : 'normal', approval: 'none',
    },
  }));
  return { rules: taskRules(tools, () => true), requests };
};

/** Our own engine on the task: from the text of a request to the decision. The tools change nothing, so that no rule but the task's has a say. */
export const ourEngine = ({ rules }: Task): ((text: string) => Outcome) => {
  const bundle = compileBundle({ version: 'task', permit: ['office.*'], rules: rules.map(asRule) });
  const tools = new Map(rules.map(({ tool }) => [tool, compileTool({
    tool, tenant: 'acme', version: 1, definition: 'd', system: 'office', title: tool, consequential: false, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'bench', resultTrust: 'record', resultFields: {}, facts: {}, schema: {},
  })]));
  return (text) => {
    const { tool, facts: values } = JSON.parse(text) as { tool: string; facts: Record<string, Json> };
    const facts: Record<string, Fact> = {};
    for (const name in values) facts[name] = { value: values[name]!, origin: 'derived' };
    const { decision } = evaluateRules(bundle, tools.get(tool)!, facts, []);
    return decision === 'allow' || decision === 'deny' ? decision : 'step_up';
  };
};

const measureOurs = (task: Task, millis: number): number => {
  const decide = ourEngine(task);
  for (let n = 0; n < 20_000; n += 1) decide(task.requests[n % task.requests.length]!);
  let done = 0;
  const begun = performance.now();
  while (performance.now() - begun < millis) for (let n = 0; n < 100; n += 1) decide(task.requests[done++ % task.requests.length]!);
  return done / (performance.now() - begun) * 1_000;
};

/** Installs the peers into their own folder where they are not there yet. Gives the reason where that cannot be. */
const install = async (tell: (line: string) => void): Promise<string | undefined> => {
  const mark = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(mark) && Object.keys((JSON.parse(await readFile(mark, 'utf8')) as { packages: object }).packages).length > 2) return undefined;
  tell(`policy, peers: installing what ours is compared with into ${folder} (npm ci, not part of the product)`);
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, timeout: 120_000 });
    return undefined;
  } catch (error) {
    return `npm ci in test/load/peers failed: ${(error as Error).message.split('\n').find((line) => /error|ENOTFOUND|network|timed/i.test(line)) ?? 'no network?'}`.slice(0, 300);
  }
};

/** policy.vs_cedar.per_s and policy.vs_agt.per_s: the same 1,000 rules and the same facts, decisions compared on a sample; ours and theirs in turn. */
export const policyPeers = async ({ quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const task = peersTask();
  const missing = await install(tell);
  const ours = { cedar: [] as number[], agt: [] as number[] }, theirs = { cedar: [] as number[], agt: [] as number[] };
  const place = await mkdtemp(join(tmpdir(), 'countersign-peers-'));
  try {
    const file = join(place, 'task.json');
    await writeFile(file, JSON.stringify({ ...task, check: { cedar: engines.cedar.check, agt: engines.agt.check }, millis: quick ? 500 : 2_000 }));
    const decide = ourEngine(task);
    for (let round = 1; round <= (quick ? 1 : 3); round += 1) {
      for (const engine of ['cedar', 'agt'] as const satisfies readonly Engine[]) {
        ours[engine].push(measureOurs(task, quick ? 500 : 1_000));
        if (missing !== undefined) continue;
        const { stdout } = await run(process.execPath, [join(folder, 'measure.mjs'), engine, file], { maxBuffer: 1 << 24 });
        const { perSecond, decisions } = JSON.parse(stdout) as { perSecond: number; decisions: Outcome[] };
        const differs = decisions.findIndex((decision, n) => decision !== decide(task.requests[n]!));
        if (differs >= 0 || decisions.length !== engines[engine].check) throw new Error(`${engine} decides request ${differs} otherwise: ${decisions[differs]} instead of ${decide(task.requests[differs]!)}. ${task.requests[differs]}`);
        theirs[engine].push(perSecond);
        tell(`policy, round ${round}: ours ${Math.round(ours[engine].at(-1)!)} decisions/s, ${engine} ${Math.round(perSecond)}`);
      }
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  const counts = Object.groupBy(task.requests.slice(0, engines.cedar.check).map(ourEngine(task)), (outcome) => outcome);
  const what = `1,000 rules over 100 tools, from the JSON of 25 facts to the decision, the rules' engine alone (${Object.entries(counts).map(([outcome, all]) => `${outcome} ${all.length}`).join(', ')} in the sample)`;
  const measure = (engine: Engine) => (missing === undefined
    ? ofRounds(ours[engine], '1/s', { baseline: theirs[engine], note: `${what}; baseline: ${engines[engine].name}, ${engines[engine].check} decisions equal` })
    : ofRounds(ours[engine], '1/s', { note: `${what}; NOT COMPARED: ${missing}` }));
  return { 'policy.vs_cedar.per_s': measure('cedar'), 'policy.vs_agt.per_s': measure('agt') };
};
