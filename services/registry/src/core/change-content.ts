import type { ChangeView } from '@countersign/contracts';

export type ChangeContent = Pick<ChangeView, 'subject' | 'base' | 'after' | 'diff' | 'widens' | 'allows'>;

/** What the digest of a request is of: all that somebody who approves it is shown, so that whoever shows it can recompute what they sign. */
export const contentOf = ({ subject, base, after, diff, widens, allows }: ChangeContent): ChangeContent => ({ subject, base, after, diff, widens, allows });

const jsonOf = (text: string): unknown => { try { return JSON.parse(text) as unknown; } catch { return undefined; } };
const cut = / \(sha-256 ([\w-]{43})\)$/;

/** Whether the diff tells everything that the request would put there; `digest` of a JSON value. A field too long to show ends with the digest of the whole. */
export const diffTells = ({ after, diff }: ChangeContent, same: (a: unknown, b: unknown) => boolean, digest: (value: unknown) => string): boolean => Object.entries(after).every(([field, value]) => {
  const told = diff.find((one) => one.field === field);
  // What stays as it is has no line: whoever shows the request shows its value out of `after`.
  if (told === undefined) return true;
  const whole = cut.exec(told.after)?.[1];
  return whole === undefined ? same(jsonOf(told.after), value) : whole === digest(value);
});
