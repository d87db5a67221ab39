import type { Json } from '@countersign/contracts';
import type { Witness } from '../logic/model.ts';

/** Facts of an act that nobody would look at twice; those that go together together. */
const plainly: readonly Readonly<Record<string, Json>>[] = [
  { 'target.named': true, 'target.trust': 'instruction', 'target.from': null }, { 'amount.named': true }, { 'instruction.attested': true }, { 'act.asked': true }, { 'target.several': false },
  { 'text.strange': false }, { 'content.foreign': false }, { 'date.off': false }, { 'target.address': false }, { level: 'normal' }, { 'agent.ceiling': 2 }, { 'agent.trusted': false },
  { 'act.done': 0 }, { 'act.distance': 0 }, { 'run.drift': 0 }, { 'run.calls': 0 }, { 'run.spend': 0 }, { 'run.denies': 0 }, { 'run.data': [] }, { 'run.consequential': 0 }, { 'run.tokens': 0 }, { 'run.open': 0 },
  { 'run.depth': 0 }, { 'run.seconds': 0 }, { 'run.tools': [] }, { 'run.previous': '' }, { 'run.sensitivity': 0 }, { 'agent.roles': [] }, { 'agent.environment': 'production' }, { amount: 1 },
];

/** The same case with everything plain that need not be otherwise. `still` says whether it shows the same. */
export const simplified = (witness: Witness, still: (witness: Witness) => boolean): Witness => {
  let best = witness;
  for (const change of plainly) {
    if (!Object.entries(change).some(([name, value]) => Object.hasOwn(best.facts, name) && JSON.stringify(best.facts[name]!.value) !== JSON.stringify(value))) continue;
    if ('target.named' in change && best.facts['target.count']?.value === 0) continue;
    const present = Object.entries(change).filter(([name]) => Object.hasOwn(best.facts, name));
    const tried: Witness = { ...best, facts: { ...best.facts, ...Object.fromEntries(present.map(([name, value]) => [name, { value, origin: 'derived' as const }])) } };
    if (still(tried)) best = tried;
  }
  return best;
};
