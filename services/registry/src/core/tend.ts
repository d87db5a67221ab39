import { nobody } from './care.ts';
import type { Care, Cared, CareEvent, Neglect } from './care.ts';

/** How long what may go on; ms. */
export interface Terms {
  /** From orphaned to suspended. */
  readonly orphanMs: number;
  /** From one certification to the next, high-risk agents (EU AI Act) and others. */
  readonly certifyHighMs: number;
  readonly certifyMs: number;
  /** How long before it is due somebody is reminded. */
  readonly remindMs: number;
  /** From overdue to suspended. */
  readonly overdueMs: number;
  /** Without use before an active agent is called abandoned. */
  readonly unusedMs: number;
}

export interface Looked { readonly ownerActive: boolean; /** Epoch ms; null: never used. */ readonly lastUse: number | null; readonly by: string; readonly now: number; readonly terms: Terms }
type Suspended = { readonly type: 'agent.suspended'; readonly by: string; readonly reason: string; readonly at: number };

export const isHighRisk = ({ profile }: Pick<Cared, 'profile'>): boolean => profile.euAiAct?.category === 'high';

/** When its recertification is due, epoch ms; undefined while it was never active. */
export const dueAt = (agent: Pick<Cared, 'profile' | 'care'>, terms: Terms): number | undefined =>
  (agent.care?.certifiedAt === undefined ? undefined : agent.care.certifiedAt + (isHighRisk(agent) ? terms.certifyHighMs : terms.certifyMs));

/** Everything that time and people's leaving have brought upon an agent by now. Asked again it says only what is new. */
export const tend = (agent: Cared, look: Looked): readonly (CareEvent | Suspended)[] => {
  // A draft that was imported without an owner waits for its first one.
  if (agent.status === 'decommissioned' || (agent.status === 'draft' && agent.profile.owner === nobody)) return [];
  const { care = {} } = agent;
  const said = { by: look.by, at: look.now };
  const events = [...ownership(agent, care, look, said)];
  if (agent.status !== 'active') return events;
  const due = dueAt(agent, look.terms);
  if (due !== undefined) events.push(...certification(care, due, look, said));
  const why = lapse(care, due, look);
  if (why !== undefined) return [...events, { type: 'agent.lapsed', neglect: why, ...said }, { type: 'agent.suspended', reason: reasons[why], ...said }];
  const lastUse = Math.max(look.lastUse ?? -1, care.certifiedAt ?? -1);
  if (lastUse >= 0 && look.now - lastUse >= look.terms.unusedMs && care.unusedSince !== lastUse) events.push({ type: 'agent.abandoned', lastUse, ...said });
  return events;
};

type Said = { readonly by: string; readonly at: number };

const ownership = ({ profile: { owner } }: Cared, care: Care, { ownerActive }: Looked, said: Said): CareEvent[] => {
  if (!ownerActive && care.orphanSince === undefined) return [{ type: 'agent.orphaned', owner, ...said }];
  return ownerActive && care.orphanSince !== undefined ? [{ type: 'agent.owner_back', owner, ...said }] : [];
};

const certification = (care: Care, due: number, { now, terms }: Looked, said: Said): CareEvent[] => {
  if (now >= due) return care.overdueSince === undefined ? [{ type: 'agent.recertification_overdue', due, ...said }] : [];
  return now >= due - terms.remindMs && care.remindedFor !== due ? [{ type: 'agent.recertification_due', due, ...said }] : [];
};

/** The full term runs from what was said before: an agent is never orphaned and suspended in one go, however late anybody looks. */
const lapse = (care: Care, due: number | undefined, { ownerActive, now, terms }: Looked): Neglect | undefined => {
  if (!ownerActive && care.orphanSince !== undefined && now >= care.orphanSince + terms.orphanMs) return 'orphaned';
  return due !== undefined && now >= due && care.overdueSince !== undefined && now >= care.overdueSince + terms.overdueMs ? 'recertification_overdue' : undefined;
};

const reasons: Readonly<Record<Neglect, string>> = {
  orphaned: 'its owner has left, and nobody has taken it over in time',
  recertification_overdue: 'its recertification is overdue, and nobody has done it in time',
};
