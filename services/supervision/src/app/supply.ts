import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { FactSupplied } from '@countersign/contracts';
import type { ActionKey, ActionStore, TellRun } from './ports.ts';

export type SupplyCode = 'action_unknown' | 'fact_not_awaited' | 'not_eligible';

/**
 * Passes on a fact that somebody owes a deferred action. What is refused here would be refused by policy as well, which checks again and verifies the
 * person's own signature: supervision vouches for nothing.
 */
export const supply = async (store: ActionStore, tell: TellRun, key: ActionKey, by: { readonly person: string; readonly roles: readonly string[] }, said: Omit<FactSupplied, 'action' | 'by'>): Promise<{ readonly status: 'sent' } | Refused<SupplyCode>> => {
  const waiting = await store.waiting(key);
  if (waiting === undefined) return refused<SupplyCode>('action_unknown', 'there is no such action');
  const owed = waiting?.awaits.find(({ fact }) => fact === said.fact);
  if (owed === undefined) return refused<SupplyCode>('fact_not_awaited', 'the action does not wait for this fact');
  if (!by.roles.some((role) => owed.from.includes(role))) return refused<SupplyCode>('not_eligible', `this fact is owed by ${owed.from.join(', ')}`);
  await tell(key.run, { word: 'supplied', body: { ...said, action: key.action, by: by.person } });
  return { status: 'sent' };
};
