import type { AnomalyLevel, Contribution, Finding } from '@countersign/contracts';
import type { ActionSeen } from '../observation.ts';
import type { Score } from '../score.ts';
import type { Impact } from './impact.ts';
import { worse } from './impact.ts';
import { inWords } from './words.ts';

/** What is told of: an action, or the outcome of one. */
export type Acted = Pick<ActionSeen, 'tenant' | 'agent' | 'run' | 'action' | 'now' | 'tool' | 'impact' | 'consequential' | 'trust' | 'from'>;

/** What is remembered of a run in which something was odd: enough to explain it. Plain data, part of the checkpoint. */
export interface Stretch {
  /** Actions with evidence, oldest first. */
  readonly events: readonly string[];
  readonly since: number;
  readonly impact: Impact;
  readonly consequential: boolean;
  /** By feature: the nats of all its actions, and the words of the oddest. */
  readonly parts: readonly (Contribution & { readonly oddest: number })[];
  /** The worst level that the run came to. */
  readonly level: AnomalyLevel['level'];
  /** The worst that people were told of its case; null: nothing. */
  readonly told: Finding['severity'] | null;
}

const mostEvents = 32;
const levels: readonly AnomalyLevel['level'][] = ['normal', 'raised', 'high'];
export const higher = (a: AnomalyLevel['level'], b: AnomalyLevel['level']): AnomalyLevel['level'] => (levels.indexOf(a) >= levels.indexOf(b) ? a : b);

/** Adds one scored action. Undefined while nothing in the run was odd. */
export const stretchWith = (known: Stretch | undefined, action: Acted, score: Score): Stretch | undefined => {
  const odd = score.contributions.filter(({ nats }) => nats > 0);
  if (odd.length === 0) return known === undefined && score.level !== 'normal' ? { ...bare(action), level: score.level } : known;
  const before = known ?? bare(action);
  const parts = new Map(before.parts.map((part) => [part.feature, part]));
  for (const part of odd) {
    const so = parts.get(part.feature);
    const worst = so === undefined || part.nats > so.oddest;
    parts.set(part.feature, worst
      ? { feature: part.feature, nats: (so?.nats ?? 0) + part.nats, observed: part.observed, expected: part.expected, peerShare: part.peerShare, text: inWords(part, action), oddest: part.nats }
      : { ...so, nats: so.nats + part.nats });
  }
  return {
    ...before, events: [...before.events, action.action].slice(-mostEvents), impact: worse(before.impact, action.impact),
    consequential: before.consequential || action.consequential, parts: [...parts.values()], level: higher(before.level, score.level),
  };
};

const bare = (action: Acted): Stretch => ({ events: [], since: action.now, impact: action.impact, consequential: action.consequential, parts: [], level: 'normal', told: null });

/** Several runs as one: what is slow is explained by all that was odd lately. */
export const together = (runs: readonly Stretch[], last: Stretch): Stretch => {
  const parts = new Map<string, Stretch['parts'][number]>();
  for (const part of [...runs, last].flatMap((one) => one.parts)) {
    const so = parts.get(part.feature);
    const nats = (so?.nats ?? 0) + part.nats;
    parts.set(part.feature, so === undefined || part.oddest > so.oddest ? { ...part, nats } : { ...so, nats });
  }
  return { ...last, events: [...runs, last].flatMap(({ events }) => events).slice(-mostEvents), since: Math.min(last.since, ...runs.map(({ since }) => since)), parts: [...parts.values()] };
};

/** What the stretch is explained by. */
export const contributionsOf = ({ parts }: Stretch): readonly Contribution[] => parts.map(({ oddest: _, ...part }) => part);
