import { placeOf } from './completeness.ts';
import { fieldsOf, numberOf } from './reading.ts';
import type { StoryEntry } from './story.ts';

const governed = 'runs.governed.v1';
const gapsIn = (seen: ReadonlySet<number>, first: number): readonly number[] => {
  const [missing, last]: [number[], number] = [[], [...seen].reduce((a, b) => Math.max(a, b), first - 1)];
  for (let at = first; at <= last && missing.length < 100; at++) if (!seen.has(at)) missing.push(at);
  return missing;
};
const of = <K>(groups: Map<K, StoryEntry[]>, key: K, entry: StoryEntry): void => { const group = groups.get(key); if (group) group.push(entry); else groups.set(key, [entry]); };
const listed = (missing: readonly number[]): string => `${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`;

/** Numbers that have to be dense, where each entry that cannot be read any more may carry one of those not seen. */
const counted = (entries: readonly StoryEntry[], numberIn: (fields: Readonly<Record<string, unknown>>) => number | null, first: number): readonly number[] => {
  const closed = entries.filter(({ body }) => body === undefined).length;
  const missing = gapsIn(new Set(entries.flatMap(({ body }) => numberIn(fieldsOf(body)) ?? [])), first);
  return missing.length > closed ? missing : [];
};

/**
 * Which records of a run are missing between the others, as far as its records say how many there are: one for each message of its runtime (`seq`, dense
 * from 0), the rounds of each action (from 1), an allowing decision before each outcome, and the versions of each approval's stream (from 1). Says nothing
 * of what would come after the last of each: an end that is missing shows as a run that has not ended.
 */
export const holesIn = (run: string, entries: readonly StoryEntry[]): readonly string[] => {
  const own = entries.filter(({ leaf }) => leaf.run === run && leaf.source.topic === governed);
  const actions = new Map<string, StoryEntry[]>(), approvals = new Map<string, StoryEntry[]>();
  for (const entry of entries) {
    const { leaf } = entry;
    if (leaf.action !== null && leaf.run === run && leaf.source.topic === governed) of(actions, leaf.action, entry);
    if (leaf.stream?.startsWith('approval-')) of(approvals, leaf.stream, entry);
  }
  const messages = counted(own, placeOf, 0);
  return [
    ...(messages.length > 0 ? [`records of the run are missing: its messages ${listed(messages)}`] : []),
    ...[...actions].flatMap(([action, said]) => {
      const decisions = said.flatMap(({ leaf: { decision } }) => decision ?? []);
      const rounds = gapsIn(new Set(decisions.flatMap(({ round }) => round ?? [])), 1);
      const executed = said.some(({ leaf: { outcome } }) => outcome === 'succeeded' || outcome === 'failed');
      const allowed = decisions.some(({ decision, observed }) => observed || decision === 'allow' || decision === 'modify');
      return [
        ...(rounds.length > 0 ? [`records of the run are missing: round ${listed(rounds)} of ${action}`] : []),
        ...(executed && !allowed ? [`records of the run are missing: ${action} has an outcome and no decision that allowed it`] : []),
      ];
    }),
    ...[...approvals].flatMap(([stream, said]) => {
      const versions = counted(said, ({ version }) => numberOf(version), 1);
      return versions.length > 0 ? [`records of the run are missing: event ${listed(versions)} of ${stream}`] : [];
    }),
  ];
};
