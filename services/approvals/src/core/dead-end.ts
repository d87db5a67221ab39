import { factorsOf, fill, rolesHeldAt } from '@countersign/kernel';
import type { Factor } from '@countersign/kernel';
import type { Question, Speaker } from './events.ts';

/** Places that nobody is left for: everybody who could fill them is gone, or asked for it. */
export interface Missing { readonly name: string; readonly roles: readonly string[]; readonly people: readonly string[]; readonly places: number }

/**
 * What a question still lacks if everybody who is active says yes before its end, those to whom it is escalated until then included. Empty: it
 * can be approved. Policy says the same of the moment of asking (`short`); people leave and lose roles afterwards as well.
 * @param people who is active now
 */
export const missingFor = ({ ask, expiresAt }: Question, people: readonly Speaker[]): readonly Missing[] => {
  const factors: readonly Factor[] = factorsOf(ask, expiresAt);
  const voters = people.filter(({ person }) => !ask.requesters.includes(person)).map((one) => ({ person: one.person, roles: rolesHeldAt(one, ask.askedAt ?? 0) }));
  // Of many who could fill a place as many as there are places at all decide whether it can be filled.
  const places = factors.reduce((sum, { count }) => sum + count, 0);
  const some = new Map(factors.flatMap((factor) => voters.filter((voter) => fill([factor], [voter]).have === 1).slice(0, places).map((voter) => [voter.person, voter])));
  return fill(factors, [...some.values()]).factors.flatMap(({ have, need }, i) => (have < need ? [{ name: factors[i]!.name, roles: [...new Set(factors[i]!.roles)], people: [...new Set(factors[i]!.people)], places: need - have }] : []));
};
