import type { AgentSnapshot, GovernedDecided, TokenClaims } from '@countersign/contracts';
import { decide } from '@countersign/policy/core/decide';
import type { RuntimeBody } from '@countersign/policy/core/commands';
import { evolve } from '@countersign/policy/core/evolve';
import { foldingWith, judgeWith } from '@countersign/policy/core/judge';
import type { CompiledBundle, CompiledTool } from '@countersign/policy/core/rules/compile';
import { compileTool } from '@countersign/policy/core/rules/compile';
import { initialState } from '@countersign/policy/core/state';
import type { World } from '@countersign/policy/core/world';
import { uuidV7From } from '@countersign/kernel';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { outcomeMessage } from '@countersign/sdk';
import type { ToolSpec } from '../catalogue/infer.ts';
import type { RecordedCall, RecordedSession } from './session.ts';

const start = 1_800_000_000_000;
const runId = uuidV7From(start, new Uint8Array(10));
const token: TokenClaims = {
  iss: 'registry', aud: 'countersign', sub: 'agent', jti: 't', iat: start / 1000, exp: start / 1000 + 3600, tenant: 'acme', run: runId, run_not_after: start / 1000 + 3600, scope: '',
  cnf: { jkt: 'j'.repeat(43), jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x'.repeat(43), kid: 's' } },
};
const agentOf = (suite: string, observed: boolean): AgentSnapshot => ({
  agent: 'agent', tenant: 'acme', version: 1, name: 'agent', owner: 'owner', purpose: 'replay', roles: ['assistant'], status: 'active', permissions: [`${suite}.*`], ceiling: 2,
  environment: 'replay', model: null, runtimeTrusted: true, limits: { calls: 1000, money: null }, ...(observed && { observe: { until: start + 86_400_000, by: 'owner' } }),
});

/** Tools as policy has them, compiled once for all runs. */
export type OfflineTools = ReadonlyMap<string, { readonly tool: CompiledTool; readonly fault: (args: never) => string | null }>;
export const compileTools = (specs: readonly ToolSpec[]): OfflineTools => new Map(specs.map((spec) => {
  const tool = compileTool({ tenant: 'acme', version: 1, definition: 'd'.repeat(43), ...spec });
  return [spec.tool, { tool, fault: checkArguments(spec.schema) as (args: never) => string | null }];
}));

const worldOf = (bundle: CompiledBundle, tools: OfflineTools, suite: string, observed: boolean): World => {
  const agent = agentOf(suite, observed);
  const folding = foldingWith((name) => tools.get(name)?.tool);
  return {
    now: start, folding, tenant: 'acme', policyVersion: bundle.version, agent: () => agent, tool: folding.tool,
    argumentsFault: (tool, args) => tools.get(tool.snapshot.tool)!.fault(args as never),
    halt: () => null, haltsVersion: 0, level: () => ({ recorded: 'normal', effective: 'normal' }), judge: judgeWith(bundle) as unknown as World['judge'],
    digest: () => 'd'.repeat(43), limits: { budget: bundle.budget ?? null, grantMs: 30_000, actionsPerRun: 10_000, denies: observed ? Number.MAX_SAFE_INTEGER : 3, clockSkewMs: 300_000 },
  };
};

/**
 * One recorded session as a run through policy's own `decide` and `evolve`, without bus or services, the way `play.ts` plays it: the
 * instruction signed by its user, what is stopped leaves no result. Yields the first decision of each call.
 * @param observed the agent is in observe mode: what people would be asked about runs as it was recorded, so that later facts rest on its result
 */
export function* runOffline(session: RecordedSession, bundle: CompiledBundle, tools: OfflineTools, observed = false): Generator<{ readonly call: RecordedCall; readonly decided: GovernedDecided }> {
  const state = initialState();
  const world = worldOf(bundle, tools, session.suite, observed);
  let seq = 0;
  let head = 'A'.repeat(43);
  const tell = (body: RuntimeBody): GovernedDecided | undefined => {
    const hash = `h${seq}`;
    const draft = decide({ tenant: 'acme', run: runId, ceType: `countersign.runs.${body.kind}.v1`, traceparent: null, offset: String(seq), at: start, rightPartition: true, from: 'runtime', token, seq: seq++, prev: head, hash, ceTime: start, attested: true, body }, state, world);
    head = hash;
    for (const record of draft.records) evolve(state, record, world.folding);
    return draft.records.find((record) => record.kind === 'action.decided');
  };
  tell({ kind: 'started', message: { instruction: { text: session.instruction, attestation: null }, traceId: null }, attestedBy: 'user' });
  for (const [n, call] of session.calls.entries()) {
    const action = `01970000-0000-7000-8000-${String(n + 2).padStart(12, '0')}`;
    const decided = tell({ kind: 'proposed', message: { action, tool: `${session.suite}.${call.tool}`, arguments: call.arguments as never, deadline: null, reason: null, confidence: null } });
    if (decided === undefined) throw new Error(`call ${n} of ${session.session_id} was not decided`);
    const { decision } = decided.decision;
    if (decision === 'allow' || decision === 'modify') {
      const report = call.error !== null ? { status: 'failed' as const, error: call.error } : { status: 'succeeded' as const, result: call.result ?? '' };
      tell({ kind: 'outcome', message: outcomeMessage(action, report) });
    } else if (decision === 'deny') tell({ kind: 'outcome', message: outcomeMessage(action, { status: 'not_executed' }) });
    yield { call, decided };
  }
}
