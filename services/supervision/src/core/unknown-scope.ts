import type { HaltScope } from '@countersign/contracts';
import { edits } from '@countersign/kernel';

/** What a halt names and nobody here knows: it stands all the same, for what it names may be about to come. */
export interface UnknownScope { readonly kind: 'agent' | 'tool' | 'run' | 'tenant'; /** Names that are known and look like it, the nearest first. */ readonly near: readonly string[] }

const mostNear = 3;
const mostEdits = 2;

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
