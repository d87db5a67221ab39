import type { Leaf } from '../core/entry.ts';
import { storyOf } from '../core/story.ts';
import type { Story, StoryEntry } from '../core/story.ts';
import { withholding } from '../core/withheld.ts';
import { jsonOf } from './json.ts';
import type { PublishedLog } from './published-log.ts';
import type { Questions } from './questions.ts';

/** Longest story that is told; a run of more entries is told up to there, and says so. */
export const longestStory = 10_000;
const longestStoryBytes = 64 * 1024 * 1024;

/** Every statement by which words went, as it stands in the log. */
const erasures = async (questions: Questions, published: PublishedLog): Promise<readonly { readonly index: number; readonly leaf: Leaf }[]> => {
  const found = await Promise.all(withholding.map((type) => questions.ask({ type }, { after: -1, limit: longestStory })));
  const leaves = await published.leaves(found.flat().map(({ index }) => index));
  return [...leaves].map(([index, leaf]) => ({ index, leaf: JSON.parse(leaf.toString()) as Leaf }));
};

/** Reads a run back out of log and payloads and tells it. undefined where nothing of it is on the record. */
export const readStory = async (questions: Questions, published: PublishedLog, run: string): Promise<Story | undefined> => {
  const found = await questions.ask({ run }, { after: -1, limit: longestStory + 1 });
  if (found.length === 0) return undefined;
  // Of a run that said more than fits into memory only the beginning is told, and the story says so.
  const indices = await published.portion(found.slice(0, longestStory).map(({ index }) => index), longestStoryBytes);
  const [leaves, payloads] = [await published.leaves(indices), await published.payloads(indices)];
  const entries = indices.flatMap((index): StoryEntry[] => {
    const leaf = leaves.get(index);
    return leaf === undefined ? [] : [{ index, leaf: JSON.parse(leaf.toString()) as Leaf, body: jsonOf(payloads.get(index)?.body) }];
  });
  const story = storyOf(run, entries, entries.some(({ body }) => body === undefined) ? await erasures(questions, published) : []);
  return found.length > indices.length ? { ...story, gaps: [`only the first ${indices.length} entries are told`, ...story.gaps] } : story;
};
