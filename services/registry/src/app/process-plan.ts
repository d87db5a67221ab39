import type { ProcessDefinition } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { gapsText, raciGaps } from '../core/raci.ts';
import type { Plan, PlanDeps } from './permission-plan.ts';
import { diffOf } from './plan-shown.ts';

/** Who answers in a process, of all its agents at once: each keeps in its own events who answered when, so that what was decided before stays theirs. */
export const processPlan = async ({ streams, inventory, digest }: PlanDeps, id: string, after: ProcessDefinition): Promise<Plan | Refused<'raci_gaps' | 'invalid_request'>> => {
  const active = new Set((await inventory.people()).flatMap(({ person, snapshot }) => (snapshot?.status === 'active' ? [person] : [])));
  if (!active.has(after.owner)) return refused('invalid_request', `the owner ${after.owner} is not an active person: invite and enrol them first`);
  const gaps = raciGaps(after.raci, (person) => active.has(person));
  if (gaps.length > 0) return refused('raci_gaps', gapsText(gaps));
  const now = await streams.declaration('process', id);
  const before = now.status === 'none' ? undefined : now.definition;
  const agents = (await inventory.agents()).filter(({ snapshot }) => snapshot.process?.process === id);
  return {
    base: now.status === 'none' ? 'none' : now.digest, digest: digest(after), diff: diffOf(before ?? {}, after, digest), widens: [], allows: [],
    owner: before?.owner ?? null, given: { roles: [], permissions: [], frames: [] },
    parts: (approved, reason, by, at) => [
      streams.declarationPart('process', id, { type: 'put', definition: after, digest: digest(after), widens: [], approved, reason, by, now: at }, by),
      ...agents.map(({ agent }) => streams.agentPart(agent, { type: 'process', process: { process: id, raci: after.raci }, by, reason, now: at }, by)),
    ],
  };
};
