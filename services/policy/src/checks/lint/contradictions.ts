import type { CompiledBundle } from '../../core/rules/compile.ts';
import { same } from '../logic/operators.ts';
import type { Outcome } from '../logic/outcome.ts';
import { and, not, or } from '../logic/terms.ts';
import type { Term } from '../logic/terms.ts';
import { factsOf, firedIn, shown } from '../logic/tool-world.ts';
import type { NotChecked, Problem } from '../types.ts';
import type { Linted } from './lint.ts';

type Pair = readonly [Outcome, Outcome];
interface Suspicion { readonly about: Outcome; readonly severity: Problem['severity']; readonly why: string; /** When both fire and clash. */ readonly when: Term; readonly equivalent?: Term }

/** Most pairs of one tool that are looked at. */
const mostPairs = 2_000;

/**
 * Looks for pairs of rules that contradict each other: one asks people and the other denies under the same condition; both change one argument to
 * different values; both ask people, but nobody who would do for both.
 */
export const contradictionsOf = (bundle: CompiledBundle) => {
  const problems: Problem[] = [];
  const notChecked: NotChecked[] = [];
  const told = new Set<string>();
  return {
    problems, notChecked,
    lookAt: async ({ world, outcomes }: Linted): Promise<void> => {
      let asked = 0;
      for (const [i, a] of outcomes.entries()) {
        for (const b of outcomes.slice(i + 1)) {
          const key = `${a.rule.id} ${b.rule.id}`;
          const suspicion = told.has(key) ? null : suspect([a, b], world);
          if (suspicion === null) continue;
          if (asked++ >= mostPairs) return void notChecked.push({ rule: null, why: `contradictions on ${world.name}: more than ${mostPairs} pairs of rules` });
          if (suspicion.equivalent !== undefined) {
            const apart = await world.find(not(suspicion.equivalent));
            if (apart === 'unknown') notChecked.push({ rule: a.rule.id, why: `whether it contradicts ${b.rule.id}: the solver could not say in time` });
            if (apart !== 'none') continue;
          }
          const found = await world.find(suspicion.when);
          if (found === 'none') continue;
          told.add(key);
          const verdict = typeof found === 'object' ? world.decide(bundle, found) : null;
          if (verdict === null || typeof found !== 'object' || !firedIn(verdict, a.rule) || !firedIn(verdict, b.rule)) notChecked.push({ rule: a.rule.id, why: `whether it contradicts ${b.rule.id} on ${world.name}` });
          else problems.push({ kind: 'contradictory', severity: suspicion.severity, rule: suspicion.about.rule.id, tools: [world.name], why: suspicion.why, example: shown(found, factsOf(bundle, [a.rule, b.rule])) });
        }
      }
    },
  };
};

const suspect = ([a, b]: Pair, { script }: Linted['world']): Suspicion | null => {
  const both = and(a.fires, b.fires);
  for (const one of a.rewrites) {
    for (const other of b.rewrites) {
      if (one.path !== other.path || one.source === other.source) continue;
      const equal = same(one.value, other.value, { script, key: `${a.rule.id}/${b.rule.id} ${one.path}`, blame: false, note: () => undefined });
      return { about: a, severity: 'error', when: and(both, not(equal)), why: `${a.rule.id} and ${b.rule.id} change ${one.path} to different values: where both fire, nothing can run` };
    }
  }
  const [asking, denying] = b.rule.decision === 'deny' ? [a, b] : [b, a];
  if (denying.rule.decision === 'deny' && asking.rule.decision !== 'deny' && sameNames(a, b)) {
    const equivalent = or(and(a.fires, b.fires), and(not(a.fires), not(b.fires)));
    return { about: asking, severity: 'error', when: both, equivalent, why: `${asking.rule.id} ${asking.rule.tier === null ? `says ${asking.rule.decision}` : `says tier ${asking.rule.tier}`} under the same condition under which ${denying.rule.id} denies` };
  }
  const [x, y] = [a.rule.approval, b.rule.approval];
  const together = x !== null && y !== null && a.rule.decision !== 'deny' && b.rule.decision !== 'deny' && (a.rule.tier === 4) === (b.rule.tier === 4);
  if (!together || x.route.some((role) => y.route.includes(role))) return null;
  return { about: a, severity: 'warning', when: both, why: `${a.rule.id} asks ${x.route.join(' or ')} and ${b.rule.id} asks ${y.route.join(' or ')}: where both fire, nobody of either will do and the senior route is asked` };
};

/** Conditions over different facts are equivalent only by accident. */
const sameNames = (a: Outcome, b: Outcome): boolean => names(a) === names(b);
const names = ({ rule }: Outcome): string => rule.when.uses.filter((name) => !name.startsWith('parameters.')).sort().join();
