import type { GovernedDecided, GovernedRecord, Json, TokenClaims } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import type { RuntimeBody, ServiceBody } from '../../core/commands.ts';
import { decide } from '../../core/decide.ts';
import { evolve } from '../../core/evolve.ts';
import { graphOf } from '../../core/graph.ts';
import { foldingWith, judgeWith } from '../../core/judge.ts';
import type { CompiledBundle, CompiledTool } from '../../core/rules/compile.ts';
import { initialState } from '../../core/state.ts';
import type { Judgement, Question, World } from '../../core/world.ts';
import type { BundleTest, Earlier } from './test-file.ts';

export interface KnownTools { readonly get: (name: string) => CompiledTool | undefined; readonly fault: (tool: CompiledTool, args: Json) => string | null }
/** What the tested proposal came to; `judged` null where it was denied before facts and rules were asked. */
export interface Played { readonly record: GovernedDecided; readonly judged: Judgement | null }

const tenant = 'acme', session = 's'.repeat(43);
const actionId = (n: number): string => `01970000-0000-7000-8000-${String(n + 2).padStart(12, '0')}`;
const lifeMs = 24 * 3_600_000;
const noRandom = new Uint8Array(10);

/**
 * Plays a test through policy's own `decide` and `evolve`, as a partition would: run started, what happened earlier, the proposal. Earlier decisions are
 * as the test says, the tested one is the bundle's. A text says why a fixture cannot be played.
 */
export const play = (test: BundleTest, bundle: CompiledBundle, tools: KnownTools): Played | string => {
  const folding = foldingWith(tools.get);
  const judge = judgeWith(bundle);
  const graph = test.graph === null ? null : graphOf(test.graph, 'test');
  const state = initialState();
  const startedAt = Math.min(test.now, ...test.earlier.map(({ at }) => at));
  const run = uuidV7From(startedAt, noRandom);
  let now = startedAt, seq = 0, head = 'A'.repeat(43), offset = 0;
  let forced: Earlier['decision'] | null = null;
  let judged: Judgement | null = null;
  const worldNow = (): World => {
    const world: World<CompiledTool> = {
      now, folding, tenant, policyVersion: bundle.version, tool: tools.get, digest: argumentsDigest,
      agent: (id: string) => (id === test.agent.agent ? test.agent : undefined),
      argumentsFault: tools.fault, halt: () => null, haltsVersion: 0,
      level: () => ({ recorded: test.level, effective: test.level }),
      judge: (question: Question<CompiledTool>) => {
        const judgement = judge(question);
        if (forced === null) judged = judgement;
        return forced === null ? judgement : { ...judgement, verdict: { ...judgement.verdict, ...forcedVerdict(forced, bundle) } };
      },
      graph,
      limits: { budget: bundle.budget ?? null, grantMs: 30_000, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000 },
    };
    return world as unknown as World;
  };

  const apply = (records: readonly GovernedRecord[]): readonly GovernedRecord[] => {
    for (const record of records) evolve(state, record, folding as never);
    return records;
  };
  const envelope = (kind: string) => ({ tenant, run, ceType: `countersign.runs.${kind}.v1`, traceparent: null, offset: String(offset++), at: now, rightPartition: true });
  const tell = (body: RuntimeBody): readonly GovernedRecord[] => {
    const message = { ...envelope(body.kind), from: 'runtime' as const, token: tokenOf(test, run, startedAt), seq, prev: head, hash: `h${seq}`, ceTime: now, attested: true, body };
    seq++;
    head = message.hash;
    return apply(decide(message, state, worldNow()).records);
  };
  const hear = (body: ServiceBody): readonly GovernedRecord[] => apply(decide({ ...envelope(body.kind), from: 'service', service: 'test', hash: 'h', body }, state, worldNow()).records);
  const propose = (n: number, tool: string, args: Json, confidence: number | null, deadline: string | null, evidence: BundleTest['evidence'] = []) =>
    decidedIn(tell({ kind: 'proposed', message: { action: actionId(n), tool, arguments: args as never, deadline, reason: null, confidence }, ...(evidence.length > 0 && { evidence }) }));

  const refused = tell({ kind: 'started', message: { instruction: { text: test.instruction.text, attestation: null }, traceId: null }, attestedBy: test.instruction.attestedBy }).find((record) => record.kind === 'message.refused');
  if (refused !== undefined) return `the run was not started: ${refused.detail}`;
  for (const [n, one] of test.earlier.entries()) {
    now = one.at;
    forced = one.decision;
    const record = propose(n, one.tool, one.arguments, null, null);
    if (typeof record === 'string' || record.decision.decision !== one.decision) return `earlier[${n}] ${one.tool} cannot have happened: ${typeof record === 'string' ? record : record.reply.detail ?? record.decision.code}`;
    if (one.decision === 'allow' && one.status !== null) tell({ kind: 'outcome', message: { action: actionId(n), status: one.status, result: one.result, error: null, cost: one.cost, tokens: null, durationMs: null } });
  }
  forced = null;
  now = test.now;
  const id = actionId(test.earlier.length);
  let record = propose(test.earlier.length, test.tool, test.arguments, test.confidence, test.deadline, test.evidence);
  for (const [fact, value] of Object.entries(test.supplied)) {
    if (typeof record === 'string' || record.decision.decision !== 'defer') return `${fact} is supplied, but the action waits for no fact: ${typeof record === 'string' ? record : record.decision.decision}`;
    const owed = record.decision.deferral?.awaits.find((one) => one.fact === fact)?.from ?? [];
    record = decidedIn(hear({ kind: 'supplied', message: { action: id, fact, value, by: 'test' } as never, supplier: { person: 'test', roles: owed, why: null } }));
  }
  if (test.approval !== null) {
    const asked = typeof record === 'string' ? null : record.decision.approval;
    if (asked === null || typeof record === 'string') return `people answer, but were not asked: ${typeof record === 'string' ? record : record.decision.decision}`;
    const votes = Array.from({ length: asked.quorum }, (_, i) => ({ person: `person-${i + 1}`, vote: 'approve' as const, roles: asked.route, why: null, channel: null }));
    record = decidedIn(hear({ kind: 'resolved', votes, message: { approval: 'a1', action: id, answers: record.position, digest: asked.digest, resolution: test.approval, votes: [] } }));
  }
  return typeof record === 'string' ? record : { record, judged };
};

const decidedIn = (records: readonly GovernedRecord[]): GovernedDecided | string => {
  const decided = records.find((record) => record.kind === 'action.decided');
  const refused = records.find((record) => record.kind === 'message.refused');
  return decided ?? `refused with ${refused?.code ?? 'nothing'}: ${refused?.detail ?? ''}`;
};

const forcedVerdict = (decision: Earlier['decision'], bundle: CompiledBundle) =>
  (decision === 'allow' ? { decision, code: null, approval: null } : decision === 'deny' ? { decision, code: 'denied_by_rule', approval: null } : { decision, code: 'approval_required', tier: 3 as const, approval: bundle.approval });

const tokenOf = ({ agent, now }: BundleTest, run: string, startedAt: number): TokenClaims => ({
  iss: 'registry', aud: 'countersign', sub: agent.agent, jti: 't1', iat: startedAt / 1000, exp: (now + lifeMs) / 1000, tenant, run, run_not_after: (now + lifeMs) / 1000, scope: '',
  cnf: { jkt: session, jwk: { kty: 'OKP', crv: 'Ed25519', x: session, kid: 's' } },
});
