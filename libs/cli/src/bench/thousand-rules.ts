import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GraphNode, ToolSnapshot } from '@countersign/contracts';
import type { BundleSpec, RuleSpec } from '@countersign/policy/core/rules/bundle';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';

/** One comparison of a fact with a constant: what every engine that is compared can say. */
export interface Condition { readonly fact: string; readonly op: '==' | '!=' | '>' | '>=' | '<'; readonly value: number | string | boolean }
/** All conditions hold: people are asked, or it is denied. */
export interface TaskRule { readonly id: string; readonly tool: string; readonly all: readonly Condition[]; readonly effect: 'step_up' | 'deny' }
type Declared = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;

/** Mulberry32: the same numbers from the same seed, everywhere. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
const int = (random: () => number, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
export const pick = <T>(random: () => number, items: readonly T[]): T => items[int(random, 0, items.length - 1)]!;

/** Out of what the bench's sessions ever reach, so that the generated rules cost their time and change no decision there. */
const guards: readonly ((random: () => number, n: number) => Condition)[] = [
  (random) => ({ fact: 'run.calls', op: '>', value: int(random, 200, 900) }),
  (random) => ({ fact: 'run.spend', op: '>', value: int(random, 10_000_000, 90_000_000) }),
  (random) => ({ fact: 'act.done', op: '>=', value: int(random, 100, 900) }),
  (random) => ({ fact: 'run.denies', op: '>', value: int(random, 10, 90) }),
  (random) => ({ fact: 'target.count', op: '>', value: int(random, 10, 60) }),
  () => ({ fact: 'level', op: '==', value: 'high' }),
  (_, n) => ({ fact: 'agent.environment', op: '==', value: `site-${n % 40}` }),
];
const overAmount = (random: () => number): Condition => ({ fact: 'amount', op: '>', value: int(random, 10_000_000, 90_000_000) });
/** Sometimes true, sometimes not: what stands beside the guard. */
const ordinary: readonly ((random: () => number) => Condition)[] = [
  (random) => ({ fact: 'target.named', op: '==', value: random() < 0.5 }),
  (random) => ({ fact: 'amount.named', op: '==', value: random() < 0.5 }),
  (random) => ({ fact: 'target.trust', op: random() < 0.5 ? '==' : '!=', value: pick(random, ['instruction', 'directory', 'third_party', 'nowhere']) }),
  (random) => ({ fact: 'tool.consequential', op: '==', value: random() < 0.7 }),
  (random) => ({ fact: 'agent.ceiling', op: '<', value: int(random, 2, 4) }),
  (random) => ({ fact: 'text.strange', op: '==', value: random() < 0.5 }),
  (random) => ({ fact: 'instruction.attested', op: '==', value: random() < 0.5 }),
  (random) => ({ fact: 'run.calls', op: '>', value: int(random, 0, 5) }),
  () => ({ fact: 'approval', op: '!=', value: 'approved' }),
];

/** `count` rules over the tools in turn: two to four conditions each, in an order of chance. @param hasAmount whether a tool derives one: null compares with nothing */
export const taskRules = (tools: readonly string[], hasAmount: (tool: string) => boolean, count = 1_000, seed = 20_261): readonly TaskRule[] => {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, n) => {
    const tool = tools[n % tools.length]!;
    const guard = hasAmount(tool) && random() < 0.3 ? overAmount(random) : pick(random, guards)(random, n);
    const all = [guard, ...Array.from({ length: int(random, 1, 3) }, () => pick(random, ordinary)(random))];
    all.splice(int(random, 0, all.length - 1), 0, ...all.splice(0, 1));
    return { id: `task.r${String(n).padStart(4, '0')}`, tool, all, effect: random() < 0.25 ? 'deny' : 'step_up' };
  });
};

const celOf = ({ fact, op, value }: Condition): string => (typeof value !== 'boolean' ? `${fact} ${op} ${JSON.stringify(value)}` : (op === '==') === value ? fact : `!${fact}`);

export const asRule = ({ id, tool, all, effect }: TaskRule): RuleSpec => ({
  id, owner: 'bench@acme', rationale: `generated: ${all.map(({ fact }) => fact).join(', ')}`, tools: [tool], when: all.map(celOf).join(' && '), ...(effect === 'deny' ? { decision: 'deny' } : { tier: 3 }),
});

/** A tool of the generated office: like a ledger entry with recipient, amount and a text. */
const officeTool = (n: number): Declared => ({
  tool: `office.tool${String(n).padStart(2, '0')}`, system: 'office', title: `Office tool ${n}`, consequential: n % 2 === 0, reversible: true, compensator: n % 2 === 0 ? `office.tool${String(n).padStart(2, '0')}` : null,
  dataClasses: ['internal'], enforcement: 'brokered', audience: 'demo-tools', resultTrust: 'record', resultFields: {},
  schema: { type: 'object', additionalProperties: false, required: ['amount', 'recipient', 'subject'], properties: { amount: { type: 'integer', minimum: 0, maximum: 1e12 }, recipient: { type: 'string', maxLength: 64 }, subject: { type: 'string', maxLength: 200 }, memo: { type: 'string', maxLength: 2_000 } } },
  facts: { target: '[args.recipient]', amount: 'args.amount', currency: '"EUR"', text: '[args.subject, has(args.memo) ? args.memo : ""]' },
});

/** What the demo's release tool changes: what is not in the graph would raise. */
export const benchGraph: readonly GraphNode[] = [{ node: 'component:default/web', tenant: 'acme', version: 1, kind: 'service', title: 'web', owner: null, dependsOn: [], marks: ['revenue_path'], paths: [], status: 'live' }];

const pack = new URL('../../../../services/policy/packs/demo/', import.meta.url);

/** What policy is measured with: the demo pack's tools and rules, filled up by generated ones to 100 tools and 1,000 rules. */
export const benchPack = async (rules = 1_000, toolCount = 100): Promise<{ readonly spec: BundleSpec; readonly tools: readonly Declared[]; readonly office: readonly string[] }> => {
  // Budgets wider than a run cost a round trip to their ledger per batch and are no part of this measure.
  const { budgets: _budgets, review: _review, ...demo } = (await loadBundle(fileURLToPath(pack))).spec;
  const declared = JSON.parse(await readFile(new URL('tools.json', pack), 'utf8')) as Declared[];
  const office = Array.from({ length: toolCount - declared.length }, (_, n) => officeTool(n));
  const tools = [...declared, ...office];
  const amounts = new Set(tools.filter(({ facts }) => 'amount' in facts).map(({ tool }) => tool));
  const generated = taskRules(tools.map(({ tool }) => tool), (tool) => amounts.has(tool), rules - demo.rules.length).map(asRule);
  return { tools, office: office.map(({ tool }) => tool), spec: { ...demo, version: `bench-${rules}`, permit: [...demo.permit, 'office.*'], rules: [...demo.rules, ...generated] } };
};

/** Writes a bundle's folder as policy reads it; JSON is YAML. */
export const writeBundle = async (dir: string, { rules, parameters, ...rest }: BundleSpec): Promise<string> => {
  await mkdir(join(dir, 'rules'), { recursive: true });
  await writeFile(join(dir, 'bundle.yaml'), JSON.stringify(rest, null, 1));
  await writeFile(join(dir, 'parameters.yaml'), JSON.stringify(parameters ?? {}, null, 1));
  await writeFile(join(dir, 'rules', 'all.yaml'), JSON.stringify(rules, null, 1));
  await mkdir(join(dir, 'tests'), { recursive: true });
  await writeFile(join(dir, 'tests', 'bench.test.yaml'), JSON.stringify({ tests: [{ name: 'nothing permits what nobody catalogued', tool: 'bench.none', expect: { decision: 'deny', code: 'unknown_tool' } }] }));
  return dir;
};
