import type { ApprovalAsked, ApprovalEvidence, Json, JsonObject } from '@countersign/contracts';
import { bindingFor } from './events.ts';
import type { Question } from './events.ts';

/** A bad request as an operator writes it: what an agent could have asked for and nobody should let through. */
export interface Seed { readonly agent: string; readonly tool: string; readonly arguments: JsonObject; readonly reason: string | null; readonly route: readonly string[]; readonly expiresInMs: number; /** Of the tool, as the registry has it, and the version of the rules in force: without them it would be known for what it is. */ readonly definition: string; readonly policyVersion: string }
interface Around { readonly tenant: string; readonly now: number; digest(value: Json): string; readonly run: string; readonly action: string; readonly asker: string }

/** Looks like any other request, digests and all. Whoever wrote it does not vote on it. */
export const seededQuestion = (seed: Seed, { tenant, now, digest, run, action, asker }: Around): Question => {
  const rule = { id: `${seed.tool}.review`, tier: 3 as const, decision: null, reason: 'A person decides about this.' };
  const evidence: ApprovalEvidence = { arguments: seed.arguments, reason: seed.reason, facts: {}, failed: [], rules: [rule], policyVersion: seed.policyVersion, level: 'normal', cost: null, agentRecord: { outcomes: [], findings: [] } };
  const none = digest(action);
  const asked: ApprovalAsked = {
    route: seed.route, quorum: 1, requesters: [asker], askedAt: now, expiresAt: now + seed.expiresInMs, nonce: `${run}:${action}:1`, subject: none, digest: none,
    bound: { definition: seed.definition, catalogue: 1, session: none, owners: [], instruction: none, instructedBy: null },
  };
  const question: Question = {
    approval: `apr_${digest(`${run}${action}`).slice(0, 22)}`, tenant, run, action, agent: seed.agent, tool: seed.tool, round: 1, answers: 0, digest: none, tier: 3, expiresAt: asked.expiresAt, ask: asked, evidence, evidenceDigest: digest(evidence as unknown as Json), seeded: true,
  };
  const whole = digest(bindingFor(question));
  return { ...question, digest: whole, ask: { ...asked, digest: whole } };
};
