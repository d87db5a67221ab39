import { fieldsOf, numberOf } from './reading.ts';
import type { StoryEntry } from './story.ts';

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []);

/** Something to look at: what, and which entries say so. */
export interface Exception { readonly what: string; readonly action: string; readonly entries: readonly number[] }

export interface OverseerNumbers { readonly person: string; readonly approved: number; readonly denied: number; /** Seconds from question to vote; null where the question is not among the entries. */ readonly medianS: number | null; readonly fastestS: number | null; /** Votes within `hastyS` of the question. */ readonly hasty: number }

/** Human oversight of one class of decisions, counted out of its entries and out of nothing else (EU AI Act, Article 14). */
export interface OversightPack {
  readonly from: number | null;
  readonly to: number | null;
  readonly actions: number;
  /** Decided without people, by tier. */
  readonly alone: { readonly tier1: number; readonly tier2: number; readonly denied: number };
  /** Questions to people, and what became of them. */
  readonly asked: { readonly questions: number; readonly approved: number; readonly denied: number; readonly expired: number; readonly open: number };
  readonly decidedWithinS: { readonly p50: number | null; readonly p90: number | null; readonly max: number | null };
  readonly people: readonly OverseerNumbers[];
  /** Votes that name the digest of exactly what was asked; all of them should. */
  readonly votes: { readonly cast: number; readonly onWhatWasShown: number; /** Given before it was asked, for terms that covered it. */ readonly beforehand: number };
  readonly reviewed: { readonly blind: number; readonly wrong: number };
  readonly stopped: { readonly halts: number; readonly cancelled: number; readonly reversed: number };
  readonly exceptions: readonly Exception[];
  /** Entries whose words are erased or were not seen: counted only as far as the leaf says. */
  readonly closed: number;
}

/** A vote sooner than this after the question is worth a look. */
export const hastyS = 5;

interface Course { readonly action: string; readonly entries: number[]; tier: number; asked: Fields | undefined; askedAt: number; decision: string; resolution: string | null; outcome: string | null; votes: { person: string; vote: string; saw: string | null; beforehand: boolean }[] }

export const oversightOf = (entries: readonly StoryEntry[]): OversightPack => {
  const courses = new Map<string, Course>();
  const questions = new Map<string, number>();
  const spans: number[] = [];
  const people = new Map<string, { approved: number; denied: number; after: number[] }>();
  const stopped = { halts: 0, cancelled: 0, reversed: 0 };
  const reviewed = { blind: 0, wrong: 0 };
  const ordered = [...entries].sort((a, b) => a.index - b.index);
  for (const { index, leaf, body } of ordered) {
    const fields = fieldsOf(body);
    const event = leaf.oversight[0];
    if (leaf.decision !== null && leaf.action !== null) decided(courses, index, leaf.action, leaf.decision.tier, leaf.decision.decision, fields);
    const course = leaf.action === null ? undefined : courses.get(leaf.action);
    if (leaf.type === 'countersign.governed.action.outcome.v1' && course) { course.outcome = leaf.outcome; course.entries.push(index); }
    if (leaf.type === 'countersign.governed.action.cancelled.v1') stopped.cancelled++;
    if (leaf.type === 'countersign.governed.action.reversed.v1') stopped.reversed++;
    if (leaf.type === 'countersign.supervision.halt.v1' || leaf.type === 'countersign.governed.run.halted.v1') stopped.halts++;
    if (leaf.type !== 'countersign.approvals.event.v1' || event === undefined) continue;
    const at = numberOf(fields['at']) ?? leaf.said ?? leaf.at;
    if (event.event === 'requested' && leaf.stream !== null) questions.set(leaf.stream, at);
    if (event.event === 'reviewed') { reviewed.blind++; if (event.said === 'wrong') reviewed.wrong++; }
    if (event.event !== 'voted') continue;
    const vote = fieldsOf(fieldsOf(fields['data'])['vote']);
    const person = text(vote['person']) ?? event.who ?? 'unknown';
    const known = people.get(person) ?? { approved: 0, denied: 0, after: [] };
    people.set(person, known);
    if (event.said === 'approve') known.approved++;
    else known.denied++;
    const since = leaf.stream === null ? undefined : questions.get(leaf.stream);
    // Who agreed beforehand was not asked then: that took them no time.
    if (since !== undefined && vote['preApproval'] === undefined) { known.after.push((at - since) / 1000); spans.push((at - since) / 1000); }
  }
  const all = [...courses.values()];
  const asked = all.filter((course) => course.asked !== undefined);
  const votes = all.flatMap((course) => course.votes.map((vote) => ({ ...vote, shown: text(fieldsOf(course.asked?.['approval'])['digest']) })));
  return {
    from: ordered[0]?.leaf.at ?? null, to: ordered.at(-1)?.leaf.at ?? null, actions: all.length,
    alone: { tier1: ran(all, 1), tier2: ran(all, 2), denied: all.filter((course) => course.asked === undefined && course.decision === 'deny').length },
    asked: { questions: asked.length, approved: by(asked, 'approved'), denied: by(asked, 'denied'), expired: by(asked, 'expired'), open: asked.filter(({ resolution, decision }) => resolution === null && decision === 'step_up').length },
    decidedWithinS: { p50: rank(spans, 0.5), p90: rank(spans, 0.9), max: rank(spans, 1) },
    people: [...people].sort(([a], [b]) => (a < b ? -1 : 1)).map(([person, { approved, denied, after }]) => ({ person, approved, denied, medianS: rank(after, 0.5), fastestS: rank(after, 0), hasty: after.filter((seconds) => seconds < hastyS).length })),
    votes: { cast: votes.filter(({ beforehand }) => !beforehand).length, beforehand: votes.filter(({ beforehand }) => beforehand).length, onWhatWasShown: votes.filter(({ saw, shown, beforehand }) => !beforehand && saw !== null && saw === shown).length },
    reviewed, stopped, exceptions: all.flatMap(exceptionsOf), closed: entries.filter(({ body }) => body === undefined).length,
  };
};

const decided = (courses: Map<string, Course>, index: number, action: string, tier: number, decision: string, fields: Fields): void => {
  const course = courses.get(action) ?? { action, entries: [], tier, asked: undefined, askedAt: 0, decision, resolution: null, outcome: null, votes: [] };
  courses.set(action, course);
  course.entries.push(index);
  [course.tier, course.decision] = [tier, decision];
  if (decision === 'step_up') [course.asked, course.askedAt] = [fieldsOf(fields['decision']), numberOf(fields['now']) ?? 0];
  const resolved = fieldsOf(fields['resolved']);
  if (resolved['resolution'] === undefined) return;
  course.resolution = text(resolved['resolution']);
  for (const vote of Array.isArray(resolved['votes']) ? resolved['votes'].map(fieldsOf) : []) course.votes.push({ person: String(vote['person']), vote: String(vote['vote']), saw: text(resolved['digest']), beforehand: vote['preApproval'] !== undefined });
};

/** What should not be: each names the entries to look at. */
const exceptionsOf = ({ action, entries, asked, decision, resolution, outcome, votes }: Course): readonly Exception[] => {
  const approval = fieldsOf(asked?.['approval']);
  const requesters = new Set(texts(approval['requesters']));
  const quorum = numberOf(approval['quorum']) ?? 1;
  const approvers = new Set(votes.filter(({ vote }) => vote === 'approve').map(({ person }) => person));
  const found = (what: string, is: boolean): readonly Exception[] => (is ? [{ what, action, entries }] : []);
  return [
    ...found('it ran although people were asked and did not approve', asked !== undefined && outcome === 'succeeded' && resolution !== 'approved'),
    ...found('somebody voted on what they had asked for themselves', votes.some(({ person }) => requesters.has(person))),
    ...found('it was allowed with fewer approvals than the rules asked for', asked !== undefined && resolution === 'approved' && ['allow', 'modify'].includes(decision) && approvers.size < quorum),
    ...found('it was allowed and nobody has said what came of it', ['allow', 'modify'].includes(decision) && (outcome === null || outcome === 'unknown')),
  ];
};

const ran = (all: readonly Course[], tier: number): number => all.filter((course) => course.asked === undefined && course.tier === tier && ['allow', 'modify'].includes(course.decision)).length;
const by = (asked: readonly Course[], resolution: string): number => asked.filter((course) => course.resolution === resolution).length;
/** Nearest rank. */
const rank = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
};
