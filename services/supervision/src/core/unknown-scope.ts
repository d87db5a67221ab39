import type { HaltScope } from '@countersign/contracts';

/** What a halt names and nobody here knows: it stands all the same, for what it names may be about to come. */
export interface UnknownScope { readonly kind: 'agent' | 'tool' | 'run' | 'tenant'; /** Names that are known and look like it, the nearest first. */ readonly near: readonly string[] }

const mostNear = 3;
const mostEdits = 2;

/** How many letters to change, add or take away. */
const edits = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
};

/** Known names that somebody may have meant: a slip or two away, or with what was typed in them. */
export const nearNames = (typed: string, known: Iterable<string>): readonly string[] => {
  const found: { readonly name: string; readonly far: number }[] = [];
  for (const name of known) {
    const far = Math.abs(name.length - typed.length) <= mostEdits ? edits(typed, name) : Infinity;
    if (far <= mostEdits) found.push({ name, far });
    else if (typed.length >= 3 && (name.includes(typed) || typed.includes(name))) found.push({ name, far: mostEdits + 1 });
  }
  return found.sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1)).slice(0, mostNear).map(({ name }) => name);
};

/** @param known names of this kind; undefined where nobody can tell at this moment */
export const unknownScope = ({ kind, id }: HaltScope, known: ReadonlySet<string> | undefined): UnknownScope | undefined =>
  (kind === 'everything' || id === null || known === undefined || known.has(id) ? undefined : { kind, near: kind === 'run' ? [] : nearNames(id, known) });
