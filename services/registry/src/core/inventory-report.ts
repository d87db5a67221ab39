import type { AgentSnapshot, InventoryReport, PersonSnapshot } from '@countersign/contracts';
import { raciGaps } from './raci.ts';
import type { RaciMatrix, Stage } from './raci.ts';
import { dueAt } from './tend.ts';
import type { Terms } from './tend.ts';

interface Given {
  readonly agents: readonly { readonly snapshot: AgentSnapshot; readonly lastUse: number | null }[];
  readonly people: ReadonlyMap<string, PersonSnapshot>;
  /** Roles and processes, and who works by them. */
  readonly declared: readonly { readonly kind: 'role' | 'process'; readonly id: string; readonly definition: { readonly owner: string; readonly raci?: RaciMatrix } }[];
  readonly shadows: Pick<InventoryReport, 'shadows' | 'shadowsForgotten'>;
  readonly terms: Terms;
  readonly now: number;
}

/** What nobody answers for, nobody uses, nobody registered, and what has to be looked at again soon. */
export const inventoryReport = ({ agents, people, declared, shadows, terms, now }: Given): InventoryReport => {
  const living = agents.filter(({ snapshot }) => snapshot.status !== 'decommissioned');
  const isActive = (person: string): boolean => people.get(person)?.status === 'active';
  return {
    at: now, ...shadows,
    orphans: living.flatMap(({ snapshot }) => {
      const { agent, owner, offeredTo = null } = snapshot;
      const status = snapshot.status as 'draft' | 'active' | 'suspended';
      const orphaned = snapshot.lowered?.find(({ reason }) => reason === 'orphaned');
      return orphaned === undefined ? [] : [{ agent, owner, status, since: orphaned.since, suspendAt: status === 'active' ? orphaned.since + terms.orphanMs : null, offeredTo, successor: successorOf(owner, people) }];
    }),
    unanswered: [
      ...declared.flatMap(({ kind, id, definition: { owner, raci } }) => {
        const stages = raci === undefined ? [] : gone(raci, isActive), ownerActive = isActive(owner);
        if (ownerActive && stages.length === 0) return [];
        return [{ kind, id, owner, ownerActive, stages, agents: living.flatMap(({ snapshot }) => ((kind === 'role' ? snapshot.roles.includes(id) : snapshot.process?.process === id) ? [snapshot.agent] : [])).slice(0, mostNamed) }];
      }),
      // Whose owner has left is an orphan; here is who answers beside them.
      ...living.flatMap(({ snapshot: { agent, owner, raci = {} } }) => {
        const stages = gone(raci, (person) => person === owner || isActive(person));
        return stages.length === 0 ? [] : [{ kind: 'agent' as const, id: agent, owner, ownerActive: isActive(owner), stages, agents: [] }];
      }),
    ],
    abandoned: living.flatMap(({ snapshot: { agent, owner, status, certifiedAt = now }, lastUse }) =>
      (status === 'active' && now - Math.max(lastUse ?? 0, certifiedAt) >= terms.unusedMs ? [{ agent, owner, lastUseAt: lastUse }] : [])),
    recertifications: living.flatMap(({ snapshot }) => {
      const due = dueAt({ profile: snapshot, care: snapshot }, terms);
      return due === undefined || now < due - terms.remindMs ? [] : [{ agent: snapshot.agent, owner: snapshot.owner, dueAt: due, overdue: now >= due }];
    }).sort((a, b) => a.dueAt - b.dueAt),
  };
};

const mostNamed = 1_000;
/** Stages for which somebody answers who is not here any more. */
const gone = (raci: RaciMatrix, isActive: (person: string) => boolean): { readonly stage: Stage; readonly person: string }[] =>
  raciGaps(raci, isActive).flatMap((gap) => (gap.why === 'not_active' ? [{ stage: gap.stage, person: gap.person }] : []));

/** The first active person up the line of managers; null where it ends without one. */
export const successorOf = (person: string, people: ReadonlyMap<string, PersonSnapshot>): string | null => {
  const seen = new Set<string>();
  for (let next = people.get(person)?.manager; next !== undefined && !seen.has(next); next = people.get(next)?.manager) {
    if (people.get(next)?.status === 'active') return next;
    seen.add(next);
  }
  return null;
};
