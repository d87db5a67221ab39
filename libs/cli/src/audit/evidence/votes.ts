import type { StoryEntry } from '@countersign/audit/core/story';
import type { PublicJwk, Vote } from '@countersign/contracts';
import { createKeySet, verifyVote } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';

/** What became of the signatures of votes: those that hold, and those of people whose keys are not here. */
export interface CheckedVotes { readonly verified: number; readonly unknown: number; /** Whose keys are not here. */ readonly people: readonly string[] }

interface Cast { readonly vote: Pick<Vote, 'jws' | 'link'> & { readonly person: string; readonly vote: string }; /** Of the question it answers; null where the record does not say. */ readonly digest: string | null }

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Votes that a record carries: those that policy counted, or the one that approvals took. */
const castIn = (body: unknown): readonly Cast[] => {
  const fields = fieldsOf(body);
  const resolved = fieldsOf(fields['resolved']);
  const all = Array.isArray(resolved['votes']) ? resolved['votes'].map((vote: unknown) => ({ vote, digest: text(resolved['digest']) })) : [{ vote: fieldsOf(fields['data'])['vote'], digest: null }];
  return all.flatMap(({ vote, digest }) => {
    const { person, vote: said, jws, link } = fieldsOf(vote);
    return typeof person === 'string' && typeof said === 'string' && typeof jws === 'string' ? [{ vote: { person, vote: said, jws, ...(typeof link === 'string' && { link }) }, digest }] : [];
  });
};

export const votersIn = (body: unknown): readonly string[] => castIn(body).map(({ vote }) => vote.person);

/** Keys of people as the registry's events on the record have them, those that were removed later too: they were theirs when they voted. */
const keysIn = (entries: readonly StoryEntry[]): ReadonlyMap<string, KeySet> => {
  const found = new Map<string, Map<string, PublicJwk>>();
  for (const { leaf, body } of entries) {
    if (leaf.type !== 'countersign.registry.event.v1' || leaf.source.topic !== 'registry.events.v1') continue;
    const { stream, type, data } = fieldsOf(body);
    const { key } = fieldsOf(data);
    if (typeof stream !== 'string' || !stream.startsWith('person:') || (type !== 'person.enrolled' && type !== 'person.key_added') || typeof fieldsOf(key)['kid'] !== 'string') continue;
    const person = stream.slice('person:'.length);
    found.set(person, (found.get(person) ?? new Map<string, PublicJwk>()).set((key as PublicJwk).kid, key as PublicJwk));
  }
  return new Map([...found].map(([person, keys]) => [person, createKeySet([...keys.values()])]));
};

/** Checks the signature of every vote whose voter's keys are among the entries: over this vote, and over the question that it was counted for. */
export const checkVotes = (entries: readonly StoryEntry[]): CheckedVotes | { readonly bad: { readonly index: number; readonly why: string } } => {
  const keys = keysIn(entries);
  const unknown: string[] = [];
  let verified = 0;
  for (const { index, leaf, body } of entries) {
    for (const { vote, digest } of castIn(body)) {
      const own = keys.get(vote.person);
      if (own === undefined) {
        unknown.push(vote.person);
        continue;
      }
      const checked = verifyVote(vote, own, { now: leaf.at, person: vote.person, tenant: leaf.tenant });
      if (!checked.ok) return { bad: { index, why: `${vote.person}: ${checked.code}, ${checked.detail}` } };
      if (checked.statement.vote !== vote.vote || digest !== null && checked.statement.digest !== digest) return { bad: { index, why: `${vote.person} signed another vote, or one on another question` } };
      verified++;
    }
  }
  return { verified, unknown: unknown.length, people: [...new Set(unknown)] };
};
