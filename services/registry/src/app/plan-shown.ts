import type { ChangeView } from '@countersign/contracts';
import { contentOf } from '../core/change-content.ts';
import type { ChangeContent } from '../core/change-content.ts';

const longest = 20_000;
const mostWays = 200;
type Digest = (value: unknown) => string;
const text = (value: unknown, digest: Digest): string => { const json = value === undefined ? '' : JSON.stringify(value); return json.length > longest ? `${json.slice(0, longest - 64)}… (sha-256 ${digest(value)})` : json; };
export const diffOf = (before: object, after: object, digest: Digest): ChangeView['diff'] => [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  .map((field) => ({ field, before: text((before as Record<string, unknown>)[field], digest), after: text((after as Record<string, unknown>)[field], digest) })).filter((one) => one.before !== one.after);

/** As people are shown it, with the digest of all of that. */
export const shown = (digest: Digest, { widens, ...content }: ChangeContent) => {
  const all = { ...content, widens: widens.slice(0, mostWays).map((way) => way.slice(0, 500)) };
  return { ...all, digest: digest(contentOf(all)) };
};
