import type { AgentSnapshot, InventoryReport, PersonSnapshot } from '@countersign/contracts';
import { dueAt } from './tend.ts';
import type { Terms } from './tend.ts';

interface Given {
  readonly agents: readonly { readonly snapshot: AgentSnapshot; readonly lastUse: number | null }[];
  readonly people: ReadonlyMap<string, PersonSnapshot>;
  readonly shadows: Pick<InventoryReport, 'shadows' | 'shadowsForgotten'>;
  readonly terms: Terms;
  readonly now: number;
}

/** What nobody answers for, nobody uses, nobody registered, and what has to be looked at again soon. */
export const inventoryReport = ({ agents, people, shadows, terms, now }: Given): InventoryReport => {
  const living = agents.filter(({ snapshot }) => snapshot.status !== 'decommissioned');
  return {
    at: now, ...shadows,
    orphans: living.flatMap(({ snapshot }) => {
      const { agent, owner, offeredTo = null } = snapshot;
      const status = snapshot.status as 'draft' | 'active' | 'suspended';
      const orphaned = snapshot.lowered?.find(({ reason }) => reason === 'orphaned');
      return orphaned === undefined ? [] : [{ agent, owner, status, since: orphaned.since, suspendAt: status === 'active' ? orphaned.since + terms.orphanMs : null, offeredTo, successor: successorOf(owner, people) }];
    }),
    abandoned: living.flatMap(({ snapshot: { agent, owner, status, certifiedAt = now }, lastUse }) =>
      (status === 'active' && now - Math.max(lastUse ?? 0, certifiedAt) >= terms.unusedMs ? [{ agent, owner, lastUseAt: lastUse }] : [])),
    recertifications: living.flatMap(({ snapshot }) => {
      const due = dueAt({ profile: snapshot, care: snapshot }, terms);
      return due === undefined || now < due - terms.remindMs ? [] : [{ agent: snapshot.agent, owner: snapshot.owner, dueAt: due, overdue: now >= due }];
    }).sort((a, b) => a.dueAt - b.dueAt),
  };
};

/** The first active person up the line of managers; null where it ends without one. */
export const successorOf = (person: string, people: ReadonlyMap<string, PersonSnapshot>): string | null => {
  const seen = new Set<string>();
  for (let next = people.get(person)?.manager; next !== undefined && !seen.has(next); next = people.get(next)?.manager) {
    if (people.get(next)?.status === 'active') return next;
    seen.add(next);
  }
  return null;
};
