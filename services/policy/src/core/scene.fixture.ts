import type { ActionProposed, AgentSnapshot, GovernedRecord, Json, Reply, TokenClaims, ToolSnapshot } from '@countersign/contracts';
import type { CheckedVote } from '@countersign/kernel';
import type { CheckedSupplier, FromRuntime, FromService, RuntimeBody, ServiceBody } from './commands.ts';
import type { Draft } from './draft.ts';
import { initialState } from './state.ts';
import type { PartitionState } from './state.ts';
import { step } from './step.ts';
import type { Folding, Judgement, KnownTool, Question, Verdict, World } from './world.ts';

/** A small world for tests: tools are named after what the rules say of them. */
export const start = 1_800_000_000_000;
/** Opened at `start`. */
export const runId = '01a3185c-5000-7000-8000-000000000001';
export const actionId = (n: number): string => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const agent: AgentSnapshot = {
  agent: 'clerk', tenant: 'acme', version: 1, name: 'Clerk', owner: 'olga', purpose: 'pay', roles: [], status: 'active', permissions: ['*'], ceiling: 2,
  environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 100, money: { minor: 10_000, currency: 'EUR' } },
};
export const toolNames = ['read', 'tier1', 'tier2', 'tier3', 'tier4', 'wait', 'forbidden', 'note', 'memo', 'odd'] as const;
const tool = (name: string): KnownTool => ({
  snapshot: {
    tool: name, tenant: 'acme', version: 1, system: 'bank', title: name, schema: {}, consequential: name !== 'read', reversible: name !== 'tier4', compensator: null, dataClasses: [`${name}-data`],
    enforcement: 'brokered', audience: 'bank', facts: {}, resultTrust: 'record', resultFields: {}, definition: 'd'.repeat(43),
  } satisfies ToolSnapshot,
});
const tools = new Map<string, KnownTool>(toolNames.map((name) => [name, tool(name)]));

export const folding: Folding = {
  tool: (name) => tools.get(name),
  emptyContext: [],
  withInstruction: (context, text) => [...(context as string[]), text],
  withHandoff: (context, text) => [...(context as string[]), text],
  withResult: (context, { action, resultText }) => [...(context as string[]), `${action}:${resultText}`].slice(-5),
};

const judge = ({ proposal, approval, supplied }: Question): Judgement => {
  const amount = proposal.arguments['amount'];
  const money = typeof amount === 'number' ? { minor: amount, currency: 'EUR' } : null;
  const rules = [{ id: `about-${proposal.tool}`, tier: null, decision: null, reason: 'because' }];
  const verdict = (decision: Verdict['decision'], tier: 1 | 2 | 3 | 4, code: string | null = null, route: string[] | null = null, more: Partial<Verdict> = {}): Judgement => ({
    facts: { amount: { value: amount ?? null, origin: 'claimed' }, ...supplied }, failed: [], money,
    verdict: { decision, tier, code, rules, approval: route && { route, quorum: 1, expiresInMs: 60_000 }, ...more },
  });
  const modify = [{ path: 'args.text', value: '', rule: 'no-addresses', redact: 'emails' as const }];
  switch (proposal.tool) {
    case 'tier2': return verdict('allow', 2);
    case 'tier3': return approval ? verdict('allow', 3) : verdict('step_up', 3, null, ['controller']);
    case 'tier4': return approval ? verdict('allow', 4) : verdict('step_up', 4, null, ['cfo']);
    case 'wait': return supplied ? verdict('allow', 1) : verdict('defer', 1, null, null, { awaits: [{ fact: 'score', from: ['scorer'] }], withinMs: 30_000 });
    case 'forbidden': return verdict('deny', 3, 'forbidden');
    // Rewrites: a note just loses its addresses, a memo is for people as well, and no two looks at an odd one agree.
    case 'note': return verdict('modify', 2, null, null, { modify });
    case 'memo': return approval ? verdict('modify', 3, null, null, { modify }) : verdict('step_up', 3, null, ['controller'], { modify });
    case 'odd': return verdict('modify', 1, null, null, { modify: [{ path: 'args.text', value: `${String(proposal.arguments['text'])}!`, rule: 'louder' }] });
    default: return verdict('allow', 1);
  }
};

export const world = (over: Partial<World> = {}): World => ({
  now: start, folding, tenant: 'acme', policyVersion: 'p1', agent: (id) => (id === agent.agent ? agent : undefined), tool: folding.tool,
  argumentsFault: (_tool, args: Json) => ((args as Record<string, Json>)['bad'] === true ? 'bad must not be true' : null),
  halt: () => null, haltsVersion: 1, level: () => ({ recorded: 'normal', effective: 'normal' }), judge,
  digest: (value) => `digest:${JSON.stringify(value)}`, limits: { budget: null, grantMs: 30_000, actionsPerRun: 1_000, denies: 3, clockSkewMs: 300_000 }, ...over,
});

const token: TokenClaims = {
  iss: 'registry', aud: 'countersign', sub: 'clerk', jti: 't1', iat: start / 1000, exp: start / 1000 + 600, tenant: 'acme', run: runId, run_not_after: start / 1000 + 3600, scope: '',
  cnf: { jkt: 'j'.repeat(43), jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43), kid: 's' } },
};

/** Sends messages of one run in order, as a runtime would, and folds what is decided. */
export const scene = () => {
  const state: PartitionState = initialState();
  const log: GovernedRecord[] = [];
  let seq = 0;
  let head = 'A'.repeat(43);
  let offset = 0;
  let now = start;
  const apply = (draft: Draft): Draft => {
    log.push(...draft.records);
    return draft;
  };
  const envelope = (ceType: string) => ({ tenant: 'acme', run: runId, ceType: `countersign.runs.${ceType}.v1`, traceparent: null, offset: String(offset++), at: now, rightPartition: true });
  return {
    state, log, tool: folding.tool,
    at: (time: number) => { now = time; },
    /** A runtime's message as it would be sent next; `over` bends it. */
    message: (body: RuntimeBody, over: Partial<FromRuntime> = {}): FromRuntime => ({ ...envelope(body.kind), from: 'runtime', token, seq, prev: head, hash: `hash-${seq}-${JSON.stringify(body)}`, ceTime: now, attested: false, body, ...over }),
    /** Decides and folds; moves the runtime's own chain on where the message is next in line. */
    tell: (message: FromRuntime, over: Partial<World> = {}): Draft => {
      if (message.seq === seq && message.prev === head) {
        seq++;
        head = message.hash;
      }
      return apply(step(message, state, world({ now, ...over })));
    },
    hear: (body: ServiceBody, over: Partial<World> = {}): Draft => apply(step({ ...envelope(body.kind), from: 'service', service: 'approvals', hash: 'h', body } satisfies FromService, state, world({ now, ...over }))),
  };
};
export type Scene = ReturnType<typeof scene>;

export const started: RuntimeBody = { kind: 'started', message: { instruction: { text: 'pay the rent', attestation: null }, traceId: null }, attestedBy: 'paul' };
export const proposal = (n: number, toolName: string, args: Record<string, Json> = {}, deadline: string | null = null): ActionProposed => ({ action: actionId(n), tool: toolName, arguments: args, deadline, reason: null, confidence: null });
export const dependent = (n: number, toolName: string, on: readonly number[], args: Record<string, Json> = {}): RuntimeBody => ({ kind: 'proposed', message: { ...proposal(n, toolName, args), dependsOn: on.map(actionId) } });
export const due = (n: number): ServiceBody => ({ kind: 'due', message: { timer: 'defer', action: actionId(n) } });
export const proposed = (n: number, toolName: string, args: Record<string, Json> = {}): RuntimeBody => ({ kind: 'proposed', message: proposal(n, toolName, args) });
export const outcomeOf = (n: number, status: 'succeeded' | 'not_executed' = 'succeeded', cost: number | null = null): RuntimeBody => ({
  kind: 'outcome', message: { action: actionId(n), status, result: status === 'succeeded' ? `result ${n}` : null, error: null, cost: cost === null ? null : { minor: cost, currency: 'EUR' }, tokens: null, durationMs: 1 },
});
export const supply = (n: number, value: Json = 1, over: Partial<CheckedSupplier> = {}, fact = 'score'): ServiceBody => ({
  kind: 'supplied', message: { action: actionId(n), fact, value, by: 'sue', jws: 'signed' }, supplier: { person: 'sue', roles: ['scorer'], why: null, ...over },
});
export const vote = (person: string, roles: readonly string[], why: string | null = null, channel: CheckedVote['channel'] = null): CheckedVote => ({ person, vote: 'approve', roles, why, channel });
export const resolvedFor = (s: Scene, n: number, resolution: 'approved' | 'denied' | 'expired', votes: readonly CheckedVote[]): ServiceBody => {
  const asked = s.state.runs.get(runId)?.actions.get(actionId(n));
  return { kind: 'resolved', votes, message: { approval: 'a1', action: actionId(n), answers: asked?.position ?? -1, digest: asked?.approval?.digest ?? '', resolution, votes: [] } };
};
export const lastReply = (draft: Draft): Reply => draft.replies[0]!;
