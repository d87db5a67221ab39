import { randomBytes } from 'node:crypto';
import type { AgentSnapshot, GovernedDecided, ToolSnapshot } from '@countersign/contracts';
import { uuidV7From } from '@countersign/kernel';
import { createBacktest } from '@countersign/policy/core/backtest/backtest';
import { always } from '@countersign/policy/core/backtest/hours';
import { reportOf } from '@countersign/policy/core/backtest/report';
import { emptyContext, withInstruction } from '@countersign/policy/core/facts/context';
import { codeOfDeny } from '@countersign/policy/core/judge-action';
import { judgeWith } from '@countersign/policy/core/judge';
import { noPast } from '@countersign/policy/core/past';
import { compileBundle, compileTool } from '@countersign/policy/core/rules/compile';
import type { CompiledBundle } from '@countersign/policy/core/rules/compile';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';
import { benchPack, randomOf } from './thousand-rules.ts';

const distinct = 5_000;
const agent: AgentSnapshot = { agent: 'clerk', tenant: 'acme', version: 1, name: 'Clerk', owner: 'olga', purpose: 'bench', roles: ['clerk'], status: 'active', permissions: ['*'], ceiling: 2, environment: 'bench', model: null, runtimeTrusted: false, limits: { calls: 1_000, money: null } };

/** Decisions of the office's tools as they stand in runs.governed (bytes), with facts and verdict of the real rules. */
const recordsOf = (bundle: CompiledBundle, tools: readonly ToolSnapshot[], now: number): readonly Buffer[] => {
  const random = randomOf(7);
  const judge = judgeWith(bundle);
  const compiled = tools.map(compileTool);
  const context = withInstruction(emptyContext, 'Pay the invoice of DE89370400440532013000 over 1,234.00 EUR and tell the landlord.');
  const grant = randomBytes(600).toString('base64url');
  return Array.from({ length: distinct }, (_, n) => {
    const tool = compiled[n % compiled.length]!;
    const run = uuidV7From(now + n, randomBytes(10)), action = uuidV7From(now + n, randomBytes(10));
    const proposal = { action, tool: tool.name, arguments: { amount: Math.floor(random() * 1e6), recipient: random() < 0.5 ? 'DE89370400440532013000' : `NL${n}`, subject: `invoice ${n}`, memo: 'as agreed on the phone with the landlord '.repeat(6) }, deadline: null, reason: 'the invoice is due this week', confidence: 0.9 };
    const { facts, failed, verdict } = judge({ proposal, tool, agent, run: { instruction: { text: '', attestedBy: 'uma' }, context, calls: n % 20, spend: null, denies: 0, dataTouched: ['internal'], counts: new Map(), past: noPast() }, round: 1, level: 'normal', approval: null, supplied: null, now: now + n });
    const code = verdict.decision === 'deny' ? codeOfDeny(verdict) : verdict.code;
    const claim = verdict.decision !== 'deny' && (verdict.tier >= 3 || (tool.snapshot.consequential && !tool.snapshot.reversible));
    const record: GovernedDecided = {
      position: n, tenant: 'acme', run, agent: `clerk-${n % 50}`, inbox: { offset: String(n), at: now + n, hash: randomBytes(32).toString('base64url') }, now: now + n * 60_000, seq: 1, traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
      kind: 'action.decided', action, tool: tool.name, round: 1, message: proposal, resolved: null, facts, ...(failed.length > 0 && { failed }),
      decision: {
        decision: verdict.decision, tier: verdict.tier, code, rules: verdict.rules, policyVersion: bundle.version, claim,
        approval: verdict.approval && { route: verdict.approval.route, quorum: verdict.approval.quorum, expiresAt: now + n * 60_000 + verdict.approval.expiresInMs, digest: randomBytes(32).toString('base64url'), requesters: ['olga'] },
      },
      snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' }, reserved: { calls: 1, money: null }, attested: true,
      reply: { kind: 'decided', run, action, seq: 1, code: code ?? 'ok', detail: null, decision: verdict.decision, tier: verdict.tier, round: 1, grant: verdict.decision === 'allow' ? grant : null, claim, arguments: null, expectedSeq: null },
    };
    return Buffer.from(JSON.stringify(record));
  });
};

/** `policy.backtest.per_s`: decisions a second on one thread, from the bytes of their records to the report: each parsed, made again by the recorded version, and judged by a draft, 1,000 rules each. */
export const policyBacktest = async ({ quick, tell }: { readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const { spec, tools } = await benchPack();
  const recorded = compileBundle(spec), draft = compileBundle({ ...spec, version: 'draft', parameters: { ...spec.parameters, transferLimit: 100_000 } });
  const records = recordsOf(recorded, tools.filter(({ tool }) => tool.startsWith('office.')).map((tool) => ({ ...tool, tenant: 'acme', version: 1, definition: 'd'.repeat(43) })), Date.now());
  const bytes = records.reduce((sum, { length }) => sum + length, 0) / records.length;
  const count = quick ? 50_000 : 200_000;
  const round = (): number => {
    const begun = performance.now();
    const test = createBacktest({ draft, known: (version) => (version === recorded.version ? recorded : undefined) });
    for (let n = 0; n < count; n++) test.add(JSON.parse(records[n % distinct]!.toString()) as GovernedDecided);
    const { proof } = reportOf(test, { version: 'draft', digest: '', from: null, to: null, reviewers: null, assumedMs: 300_000, stated: false, clock: always, budgetsDiffer: false });
    const perSecond = count / (performance.now() - begun) * 1_000;
    if (!proof.ok || proof.reproduced !== count) throw new Error(`the backtest did not make its own decisions again: ${proof.reproduced} of ${count}, ${JSON.stringify(proof.mismatches[0])}`);
    return perSecond;
  };
  round();
  const rounds = Array.from({ length: quick ? 1 : 3 }, round);
  tell(`backtest: ${rounds.map(Math.round).join(', ')} decisions/s`);
  return { 'policy.backtest.per_s': ofRounds(rounds, '1/s', { note: `records of ${Math.round(bytes)} bytes: parsed, made again and judged by a draft, ${recorded.rules.length} rules each; a million takes ${Math.round(1e6 / Math.min(...rounds))} s and the reading` }) };
};
