import type { Json } from '@countersign/contracts';

type Facts = Readonly<Record<string, { readonly value: Json }>>;

const byTrust: Readonly<Record<string, number>> = { instruction: 0, record: 10, directory: 10, alias: 25, document: 25, third_party: 40, nowhere: 40 };

/**
 * How far an act is from what was asked, 0 (named in the instruction) to 100, as the sum of
 * 40 where the instruction has none of the words that ask for this kind of act (`act.asked`),
 * 0 to 40 by where its weakest target was read (`target.trust`: instruction 0, record or directory 10, alias or a document the instruction names 25, strangers or nowhere 40; no target 0),
 * 20 where it has an amount that the instruction does not name (`amount.named`).
 * Rests on recorded facts alone, so a fold computes the same. What could not be derived counts as far away.
 */
export const distanceOf = (facts: Facts): number => {
  const asked = facts['act.asked']?.value === true ? 0 : 40;
  const target = facts['target.count']?.value === 0 ? 0 : byTrust[String(facts['target.trust']?.value)] ?? 40;
  return asked + target + (facts['amount.named']?.value === true ? 0 : 20);
};
