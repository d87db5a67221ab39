/** One of the people that an approval needs: `count` of those with one of the roles, or of those named. `standIn`: roles of which somebody who stands in for a named person needs one. */
export interface Factor {
  readonly name: string;
  readonly roles: readonly string[];
  readonly people: readonly string[];
  readonly count: number;
  readonly standIn?: readonly string[];
}

/**
 * Somebody whose approval counts, as far as a signature goes. `roles`: those they held when it was asked and still hold. `via`: the credential
 * of a channel through which they spoke; whoever holds it could have spoken for all of them, so together they are one. `standsFor`: whom they
 * stand in for by that person's own signature.
 */
export interface Voter { readonly person: string; readonly roles: readonly string[]; readonly via?: string | undefined; readonly standsFor?: string | undefined }

export interface FactorProgress { readonly name: string; readonly have: number; readonly need: number }
/** `have` of `need` places are filled; each factor's own part in `factors`. */
export interface Filling { readonly met: boolean; readonly have: number; readonly need: number; readonly factors: readonly FactorProgress[] }

/** Roles that somebody holds by now and held already at `at`; a role of which nobody says since when is as old as they are. */
export const rolesHeldAt = (person: { readonly roles: readonly string[]; readonly rolesSince?: Readonly<Record<string, number>> | undefined }, at: number): readonly string[] =>
  (person.rolesSince === undefined ? person.roles : person.roles.filter((role) => !(person.rolesSince![role]! > at)));

/** Whether this person may fill a place of the factor. */
export const mayFill = ({ roles, people, standIn = [] }: Factor, voter: Voter): boolean =>
  people.includes(voter.person) || voter.roles.some((role) => roles.includes(role))
  || (voter.standsFor !== undefined && voter.standsFor !== voter.person && people.includes(voter.standsFor) && voter.roles.some((role) => standIn.includes(role)));

/**
 * How many places distinct people fill, each at most one: the most that any way of sitting them down fills (augmenting paths). Order changes
 * nothing about how many; a voter named twice is one.
 */
export const fill = (factors: readonly Factor[], voters: readonly Voter[]): Filling => {
  const places = factors.flatMap((factor, index) => Array.from({ length: factor.count }, () => index));
  const units = new Map<string, Voter[]>();
  const seen = new Set<string>();
  for (const voter of voters) {
    // Whoever stands in and whoever they stand in for are one voice.
    const names = voter.standsFor === undefined ? [voter.person] : [voter.person, voter.standsFor];
    if (names.some((name) => seen.has(name))) continue;
    for (const name of names) seen.add(name);
    const unit = voter.via === undefined ? `person ${voter.person}` : `via ${voter.via}`;
    const those = units.get(unit);
    if (those === undefined) units.set(unit, [voter]);
    else those.push(voter);
  }
  const all = [...units.values()];
  const allowed = all.map((those) => factors.map((factor) => those.some((voter) => mayFill(factor, voter))));
  const sitting: (number | undefined)[] = places.map(() => undefined);
  const seat = (unit: number, tried: Set<number>): boolean => places.some((factor, place) => {
    if (!allowed[unit]![factor] || tried.has(place)) return false;
    tried.add(place);
    if (sitting[place] !== undefined && !seat(sitting[place], tried)) return false;
    sitting[place] = unit;
    return true;
  });
  all.forEach((_, unit) => seat(unit, new Set()));
  const progress = factors.map(({ name, count }, index) => ({ name, need: count, have: places.filter((factor, place) => factor === index && sitting[place] !== undefined).length }));
  const have = sitting.filter((unit) => unit !== undefined).length;
  return { met: places.length > 0 && have === places.length, have, need: places.length, factors: progress };
};
