import type { AgentSnapshot, GovernedDecided, GovernedRecord, Json, TokenClaims, ToolSnapshot } from '@countersign/contracts';
import { uuidV7From } from '@countersign/kernel';
import type { CheckedVote } from '@countersign/kernel';
import type { PolicyCommand, RuntimeBody, ServiceBody } from '../commands.ts';
import { judgeBeside } from '../bundles/beside.ts';
import { decide } from '../decide.ts';
import { evolve } from '../evolve.ts';
import { foldingWith, judgeWith } from '../judge.ts';
import { compileBundle, compileTool } from '../rules/compile.ts';
import type { CompiledBundle } from '../rules/compile.ts';
import { initialState } from '../state.ts';
import type { World } from '../world.ts';

/** The pure policy at work on a bundle, for tests: messages in, governed records out. */
export const start = 1_800_000_000_000;
export const minute = 60_000;

const snapshot = (tool: string, change: Partial<ToolSnapshot>): ToolSnapshot => ({
  tool, tenant: 'acme', version: 1, system: 'pay', title: tool, schema: {}, consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'pay',
  facts: { target: '[args.to]', amount: 'args.amount', currency: '"EUR"' }, resultTrust: 'record', resultFields: {}, definition: 'd'.repeat(43), ...change,
});
export const tools = new Map([snapshot('pay.send', { reversible: false }), snapshot('pay.plan', {}), snapshot('pay.read', { consequential: false, facts: {} })].map((one) => [one.tool, compileTool(one)]));

/** An agent called `observed` is. */
const agentOf = (id: string): AgentSnapshot => ({
  ...(id === 'observed' && { observe: { until: start + 9e9, by: 'opal' } }),
  agent: id, tenant: 'acme', version: 1, name: id, owner: 'olga', purpose: 'pay', roles: [], status: 'active', permissions: ['pay.*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1_000, money: null },
});

export const rule = (id: string, when: string, { approval, rewrite, ...more }: { readonly approval?: object; readonly rewrite?: object; readonly [field: string]: unknown }) =>
  ({ id, owner: 'o', rationale: `because of ${id}`, tools: ['pay.*'], when, ...((approval ?? rewrite) && { obligations: { ...(approval && { approval }), ...(rewrite && { rewrite: [rewrite] }) } }), ...more });
export const bundleOf = (version: string, rules: readonly object[], more: object = {}): CompiledBundle => compileBundle({
  version, permit: ['pay.*'], rules, approval: { route: ['treasurer'], quorum: 1, expiresIn: '30m' }, senior: { route: ['senior'], quorum: 1, expiresIn: '1h' }, ...more,
});

/** The rules that tests start from: more than 1,000 asks the treasurer, more than 100,000 is forbidden. */
export const base = bundleOf('base-1', [rule('large', 'amount > 1000', { tools: ['pay.plan'], tier: 3 }), rule('absurd', 'amount > 100000', { tools: ['pay.plan', 'pay.send'], decision: 'deny' })]);

/** @param canary decides beside it, for every agent */
export const historyOf = (bundle: CompiledBundle, canary?: CompiledBundle) => {
  const state = initialState();
  const records: GovernedRecord[] = [];
  const folding = foldingWith((name) => tools.get(name));
  const sent = new Map<string, { seq: number; head: string }>();
  let now = start, offset = 0, actions = 0;
  const world = (): World => ({
    now, folding, tenant: 'acme', policyVersion: bundle.version, agent: (id: string) => (id === 'gone' ? undefined : agentOf(id)), tool: folding.tool,
    argumentsFault: (_: unknown, args: Json) => ((args as { bad?: boolean }).bad === true ? 'bad' : null), halt: () => null, haltsVersion: 0, level: () => ({ recorded: 'normal', effective: 'normal' }),
    judge: canary === undefined ? judgeWith(bundle) : judgeBeside(judgeWith(bundle), { version: canary.version, mode: 'canary', judge: judgeWith(canary), inCohort: () => true }), digest: () => 'd'.repeat(43), limits: { budget: bundle.budget, grantMs: 30_000, actionsPerRun: 10_000, denies: 1_000, clockSkewMs: 300_000 },
  }) as unknown as World;
  const id = (n: number): string => `01970000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const runId = (n: number): string => uuidV7From(now, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, n >> 8, n & 255));
  const handle = (command: PolicyCommand): GovernedRecord[] => {
    const draft = decide(command, state, world());
    for (const record of draft.records) evolve(state, record, folding);
    records.push(...draft.records);
    return draft.records;
  };
  const envelope = (run: string, kind: string) => ({ tenant: 'acme', run, ceType: `countersign.runs.${kind}.v1`, traceparent: null, offset: String(offset++), at: now, rightPartition: true });
  const tell = (run: string, agent: string, body: RuntimeBody): GovernedRecord[] => {
    const chain = sent.get(run) ?? { seq: 0, head: 'A'.repeat(43) };
    const hash = `${run}-${chain.seq}`.padEnd(43, 'h').slice(0, 43);
    const token: TokenClaims = { iss: 'registry', aud: 'countersign', sub: agent, jti: 't', iat: start / 1000, exp: start / 1000 + 9e6, tenant: 'acme', run, run_not_after: start / 1000 + 9e6, scope: '', cnf: { jkt: `jkt-${run}`, jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 's' } } };
    const made = handle({ ...envelope(run, body.kind), from: 'runtime', token, seq: chain.seq, prev: chain.head, hash, ceTime: now, attested: false, body });
    sent.set(run, { seq: chain.seq + 1, head: hash });
    return made;
  };
  return {
    records,
    decided: (): GovernedDecided[] => records.filter((record): record is GovernedDecided => record.kind === 'action.decided'),
    wait: (ms: number): void => { now += ms; },
    /** Opens a run under an instruction that somebody may have signed. */
    open: (agent = 'clerk', text = 'plan the rent', attestedBy: string | null = null) => {
      const run = runId(sent.size);
      tell(run, agent, { kind: 'started', message: { instruction: { text, attestation: null }, traceId: null }, attestedBy });
      return {
        propose: (tool: string, args: Record<string, Json>): GovernedDecided => {
          const message = { action: id(++actions), tool, arguments: args, deadline: null, reason: null, confidence: null };
          return tell(run, agent, { kind: 'proposed', message }).find((record) => record.kind === 'action.decided')!;
        },
      };
    },
    /** Somebody gives a fact that an action waits for. */
    supply: ({ run, action }: GovernedDecided, fact: string, value: Json): GovernedDecided => {
      const body: ServiceBody = { kind: 'supplied', message: { action, fact, value, by: 'tara' }, supplier: { person: 'tara', roles: ['treasurer'], why: null } };
      return handle({ ...envelope(run!, 'supplied'), from: 'service', service: 'approvals', hash: 'h'.repeat(43), body }).find((record) => record.kind === 'action.decided')!;
    },
    /** People answer a question: `votes` of them, each now. */
    answer: (asked: GovernedDecided, resolution: 'approved' | 'denied' | 'expired', people: readonly string[] = ['tara']): GovernedDecided => {
      const { run, action, position } = asked;
      const votes: CheckedVote[] = people.map((person) => ({ person, vote: resolution === 'approved' ? 'approve' : 'deny', roles: ['treasurer', 'senior'], why: null, channel: null }));
      const message = { approval: 'a1', action, answers: position, digest: asked.decision.approval!.digest, resolution, votes: votes.map(({ person, vote }) => ({ person, vote, jws: `e30.${person}.e30` })) };
      const body: ServiceBody = { kind: 'resolved', message, votes };
      return handle({ ...envelope(run!, 'resolved'), from: 'service', service: 'approvals', hash: 'h'.repeat(43), body }).find((record) => record.kind === 'action.decided')!;
    },
  };
};

/** A run each for a small day: what is free, what waits and is approved or denied, what is forbidden, and what never reached the rules. */
export const smallDay = (bundle: CompiledBundle = base) => {
  const history = historyOf(bundle);
  const run = history.open();
  run.propose('pay.read', {});
  run.propose('pay.plan', { to: 'DE1', amount: 400 });
  run.propose('pay.plan', { to: 'DE2', amount: 900 });
  const approved = run.propose('pay.plan', { to: 'DE1', amount: 5_000 });
  const denied = run.propose('pay.plan', { to: 'DE3', amount: 6_000 });
  history.wait(3 * minute);
  history.answer(approved, 'approved');
  history.wait(2 * minute);
  history.answer(denied, 'denied');
  run.propose('pay.plan', { to: 'DE1', amount: 200_000 });
  run.propose('pay.send', { to: 'DE1', amount: 10 });
  run.propose('pay.unknown', {});
  run.propose('pay.plan', { to: 'DE1', amount: 0.5 });
  run.propose('pay.plan', { bad: true });
  history.open('other', 'send 12.00 to DE9', 'uma').propose('pay.send', { to: 'DE9', amount: 1_200 });
  return history;
};
