import { readFileSync } from 'node:fs';
import type { ActionOutcome, AgentSnapshot, CheckedEvidence, GraphNode, Json, JsonObject, Money } from '@countersign/contracts';
import { argumentsDigest, validationType } from '@countersign/identity';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { duration } from '../../core/rules/duration.ts';
import type { Level } from '../../core/world.ts';
import { readDocument } from '../../inbound/bundle-document.ts';
import type { BundleFile } from '../../inbound/bundle-files.ts';

export interface Earlier {
  readonly tool: string; readonly arguments: JsonObject;
  /** Epoch ms. */
  readonly at: number;
  readonly decision: 'allow' | 'step_up' | 'deny'; readonly status: ActionOutcome['status'] | null; readonly result: string | null; readonly cost: Money | null;
}
export interface Expectation {
  readonly decision?: string; readonly tier?: number; readonly code?: string | null;
  readonly rules?: readonly string[]; readonly fires?: readonly string[]; readonly silent?: readonly string[];
  readonly route?: readonly string[]; readonly quorum?: number; readonly expiresIn?: string; readonly claim?: boolean;
  readonly arguments?: JsonObject | null; readonly obligations?: readonly JsonObject[]; readonly facts?: Readonly<Record<string, Json>>;
}
/** One test as it is run: everything filled in. */
export interface BundleTest {
  readonly name: string; readonly file: string; readonly line: number;
  readonly tool: string; readonly arguments: JsonObject; readonly confidence: number | null; readonly deadline: string | null;
  readonly instruction: { readonly text: string; readonly attestedBy: string | null };
  readonly agent: AgentSnapshot; readonly earlier: readonly Earlier[]; readonly level: Level; readonly now: number;
  /** Evidence as policy would have read it when it came in. */
  readonly evidence: readonly CheckedEvidence[];
  /** Null: no system graph is known. */
  readonly graph: readonly GraphNode[] | null;
  readonly supplied: Readonly<Record<string, Json>>; readonly approval: 'approved' | 'denied' | 'expired' | null;
  /** Parameters that have another value in this test. */
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  readonly expect: Expectation;
  /** Line of one field of `expect`. */
  lineOf(field: string): number;
}
export interface Wrong { readonly line: number; readonly why: string }

interface Written {
  readonly name: string; readonly tool?: string; readonly arguments?: JsonObject; readonly instruction?: string | { readonly text: string; readonly attestedBy?: string | null };
  readonly agent?: WrittenAgent; readonly earlier?: readonly WrittenEarlier[]; readonly level?: Level; readonly now?: string; readonly parameters?: BundleTest['parameters'];
  readonly confidence?: number | null; readonly deadline?: string | null; readonly supplied?: Readonly<Record<string, Json>>; readonly approval?: BundleTest['approval']; readonly evidence?: readonly WrittenEvidence[]; readonly graph?: readonly WrittenNode[]; readonly expect: Expectation;
}
/** `requestable`: tools that a role of it lets it ask for. */
type WrittenAgent = Omit<Partial<AgentSnapshot>, 'requestable'> & { readonly requestable?: readonly string[] };
interface WrittenEvidence { readonly by: string; readonly ago?: string; readonly about?: readonly string[]; readonly type?: string; readonly result?: 'passed' | 'failed'; readonly tested?: readonly string[]; readonly found?: readonly string[]; readonly fixed?: readonly string[] }
type WrittenNode = Partial<GraphNode> & { readonly node: string };
type WrittenEarlier = Partial<Omit<Earlier, 'at'>> & { readonly tool: string; readonly ago?: string; readonly times?: number };
interface WrittenFile { readonly now?: string; readonly defaults?: Partial<Written>; readonly tests: readonly Written[] }

const schema = JSON.parse(readFileSync(new URL('../../../schemas/bundle-test.schema.json', import.meta.url), 'utf8')) as object;
const fits = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile<WrittenFile>(schema);

/** The clock of a test that says none. */
const someDay = '2026-01-05T09:00:00Z';
const someone: AgentSnapshot = {
  agent: 'agent', tenant: 'acme', version: 1, name: 'Agent under test', owner: 'owner@acme', purpose: 'tests', roles: [], status: 'active', permissions: ['*'], ceiling: 2,
  environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1_000, money: null },
};

/** Reads one *.test.yaml (schemas/bundle-test.schema.json). What is wrong with it comes with its line; then nothing of the file is run. */
export const readTestFile = ({ path, text }: BundleFile): { readonly tests: readonly BundleTest[]; readonly wrong: readonly Wrong[] } => {
  const wrong: Wrong[] = [];
  const document = readDocument(path, text, (place, why) => { wrong.push({ line: Number(/:(\d+):\d+$/.exec(place)?.[1] ?? 1), why }); });
  if (wrong.length > 0) return { tests: [], wrong };
  const { value } = document;
  if (!fits(value)) {
    for (const { instancePath, message, params } of fits.errors!) {
      const place = instancePath.split('/').slice(1).map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`)).join('').replace(/^\./, '');
      wrong.push({ line: document.where(place).line, why: `${place || 'the file'} ${message}${'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : ''}` });
    }
    return { tests: [], wrong };
  }
  const tests: BundleTest[] = [];
  value.tests.forEach((written, i) => {
    const line = document.where(`tests[${i}]`).line;
    const test = filled(path, line, value, written, (field) => document.where(`tests[${i}].expect.${field}`).line);
    if (typeof test === 'string') wrong.push({ line, why: `${written.name}: ${test}` });
    else tests.push(test);
  });
  return wrong.length > 0 ? { tests: [], wrong } : { tests, wrong };
};

const filled = (file: string, line: number, whole: WrittenFile, written: Written, lineOf: (field: string) => number): BundleTest | string => {
  const test = { ...whole.defaults, ...written };
  if (test.tool === undefined) return 'names no tool';
  const now = Date.parse(test.now ?? whole.now ?? someDay);
  if (Number.isNaN(now)) return `${test.now ?? whole.now} is no time`;
  const instruction = typeof test.instruction === 'string' ? { text: test.instruction } : test.instruction ?? { text: '' };
  const { requestable, ...given }: WrittenAgent = { ...whole.defaults?.agent, ...written.agent };
  const agent = { ...someone, ...given };
  return {
    name: test.name, file, line, lineOf, tool: test.tool, arguments: test.arguments ?? {}, confidence: test.confidence ?? null, deadline: test.deadline ?? null,
    instruction: { attestedBy: null, ...instruction }, agent: { ...agent, limits: { ...someone.limits, ...agent.limits }, ...(requestable !== undefined && { requestable: [{ role: 'asks', permission: { permission: 'asks', tools: [...requestable], requestable: true } }] }) },
    earlier: earlierOf(test.earlier ?? [], now), level: test.level ?? 'normal', now,
    evidence: (test.evidence ?? []).map((one) => evidenceOf(one, `${test.tool}@${argumentsDigest(test.arguments ?? {})}`, now)), graph: test.graph?.map(nodeOf) ?? null,
    parameters: { ...whole.defaults?.parameters, ...written.parameters }, supplied: test.supplied ?? {}, approval: test.approval ?? null, expect: test.expect,
  };
};

/** Made now and about this call, unless it says otherwise. */
const evidenceOf = ({ by, ago, about, type = validationType, result = 'passed', tested = [], found = [], fixed = [] }: WrittenEvidence, call: string, now: number): CheckedEvidence =>
  ({ by, why: null, type, subjects: about ?? [call], madeAt: ago === undefined ? now : now - duration(ago)!, result, tested, found, fixed });
const nodeOf = (node: WrittenNode): GraphNode => ({ tenant: 'acme', version: 1, kind: 'service', title: node.node, owner: null, dependsOn: [], marks: [], paths: [], status: 'live', ...node });

/** Times go up: an entry without one happened with the entry after it. */
const earlierOf = (written: readonly WrittenEarlier[], now: number): Earlier[] => {
  const entries: Earlier[] = [];
  let at = now;
  for (const one of [...written].reverse()) {
    at = one.ago === undefined ? at : Math.min(at, now - duration(one.ago)!);
    const decision = one.decision ?? 'allow';
    const status = one.status === undefined ? (decision === 'allow' ? 'succeeded' : null) : one.status;
    const entry = { tool: one.tool, arguments: one.arguments ?? {}, at, decision, status, result: one.result ?? (status === 'succeeded' ? '' : null), cost: one.cost ?? null };
    for (let i = 0; i < (one.times ?? 1); i++) entries.push(entry);
  }
  return entries.reverse();
};
