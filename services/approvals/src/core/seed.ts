import type { ApprovalAsked, ApprovalEvidence, Json, JsonObject } from '@countersign/contracts';
import type { AgentRecord } from './agent-record.ts';
import type { Current } from './current.ts';
import { bindingFor } from './events.ts';
import type { Question } from './events.ts';

/** A bad request as an operator writes it: what an agent could have asked for and nobody should let through. `arguments` replace those of the request that it is made after. */
export interface Seed { readonly agent: string; readonly tool: string; readonly arguments: JsonObject; readonly reason: string | null }

/** `answers`: a place on the record that is later than that of the request it is made after; `agentRecord` and `current` as for any request at this moment. */
export interface Around { readonly now: number; digest(value: Json): string; readonly action: string; readonly asker: string; readonly later: number; readonly agentRecord: AgentRecord; readonly current: Current | undefined }

type Facts = ApprovalEvidence['facts'];
const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ');

/** Every value that was an argument's becomes what the argument is now, wherever it stands; a number also a hundred times over, for tools that take major units. */
const replacing = (before: JsonObject, after: JsonObject) => {
  const swaps = new Map<string, Json>();
  for (const [name, value] of Object.entries(after)) {
    const was = before[name];
    if (was === undefined || JSON.stringify(was) === JSON.stringify(value)) continue;
    swaps.set(JSON.stringify(was), value);
    if (typeof was === 'number' && typeof value === 'number') swaps.set(JSON.stringify(Math.round(was * 100)), Math.round(value * 100));
  }
  const replaced = (value: Json): Json => swaps.get(JSON.stringify(value)) ?? (Array.isArray(value) ? value.map(replaced) : value);
  return replaced;
};

/** The facts as they would have been derived: what changed is no longer what the instruction names, unless it names that as well. */
const factsOf = (facts: Facts, replaced: (value: Json) => Json, told: string): Facts => {
  const next: Record<string, Facts[string]> = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, { ...fact, value: replaced(fact.value) }]));
  const set = (name: string, value: Json): void => { if (next[name] !== undefined) next[name] = { ...next[name], value }; };
  const changed = (name: string): boolean => JSON.stringify(next[name]?.value) !== JSON.stringify(facts[name]?.value);
  const targets = next['target']?.value;
  if (changed('target') && Array.isArray(targets) && !targets.every((one) => plain(told).includes(plain(String(one))))) {
    set('target.named', false);
    set('target.trust', 'third_party');
  }
  if (changed('amount')) set('amount.named', told.includes(String(next['amount']!.value)) || told.includes(String(Number(next['amount']!.value) / 100)));
  return next;
};

/**
 * Looks like any other request because it is made after one: the same run, rules, people and clock, with everything derived from the arguments put
 * right, at this moment. Whoever wrote it does not vote on it, and that is said to nobody else.
 */
export const seededQuestion = (seed: Seed, after: Question, { now, digest, action, asker, later, agentRecord, current }: Around): Question => {
  const { evidence: was, ask: askedBefore } = after;
  const args = { ...was.arguments, ...seed.arguments } as JsonObject;
  const replaced = replacing(was.arguments as JsonObject, args);
  const { current: _, proposed: __, changes: ___, editedBy: ____, ...kept } = was;
  const evidence: ApprovalEvidence = {
    ...kept, arguments: args, reason: seed.reason, facts: factsOf(was.facts, replaced, was.instruction?.text ?? ''), agentRecord, ...(current !== undefined && { current }),
    cost: was.cost === null ? null : { ...was.cost, minor: Number(replaced(was.cost.minor)) },
  };
  const shift = now - (askedBefore.askedAt ?? now);
  const none = digest(action);
  const { digest: _before, ...whom } = askedBefore;
  const asked: ApprovalAsked = {
    ...whom, digest: none, askedAt: now, expiresAt: whom.expiresAt + shift, nonce: `${after.run}:${action}:1`, subject: digest(`${action}${after.run}`),
    ...(whom.reminders !== undefined && { reminders: whom.reminders.map((at) => at + shift) }), ...(whom.escalations !== undefined && { escalations: whom.escalations.map((one) => ({ ...one, at: one.at + shift })) }),
  };
  const question: Question = {
    approval: `apr_${digest(`${after.run}${action}`).slice(0, 22)}`, tenant: after.tenant, run: after.run, action, agent: after.agent, tool: after.tool, round: 1, answers: after.answers + later, digest: none, tier: after.tier,
    expiresAt: asked.expiresAt, ask: asked, evidence, evidenceDigest: digest(evidence as unknown as Json), seededBy: asker,
  };
  const whole = digest(bindingFor(question));
  return { ...question, digest: whole, ask: { ...asked, digest: whole } };
};

/** Whether a request can stand model for one: real, as it was proposed, and with somebody to decide it. */
export const isModel = ({ tool, seededBy, round, evidence, ask }: Question, of: string): boolean =>
  tool === of && seededBy === undefined && round === 1 && evidence.proposed === undefined && ask.short === undefined && ask.escalated === undefined;
