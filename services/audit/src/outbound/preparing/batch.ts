import type { DataKey, Subject } from '../../app/keys.ts';
import type { Entry } from '../../app/ports.ts';
import type { Leaf, SourceRecord } from '../../core/entry.ts';
import { allHidden } from '../../core/sanitise.ts';
import type { HiddenOf } from '../../core/sanitise.ts';
import { subjectOf } from '../../core/subject.ts';
import { createReading, draftOf, entryOf } from '../to-entry.ts';

/** What a batch must be told before it can be sealed: the names of its people, what its tools hide, and the keys of its subjects. Each stands in it once. */
export interface Asked {
  readonly people: readonly string[];
  readonly tools: readonly string[];
  /** With stand-ins where a person's name belongs: `named` puts it there. */
  readonly subjects: readonly Subject[];
}

/** In the order they were asked for. */
export interface Told {
  readonly names: readonly string[];
  readonly hidden: readonly HiddenOf[];
  readonly keys: readonly DataKey[];
}

/** Records that were read, and what they need to become entries. */
export interface ReadBatch extends Asked {
  finish(told: Told): readonly Entry[];
}

/** A stand-in is NUL and the person's place in the batch: nothing else in a leaf has a NUL. */
const standIn = (place: number): string => `\0${place}`;
const named = <T extends string | null>(text: T, names: readonly string[]): T => (text === null ? text : text.replace(/\0(\d+)$/, (_, place: string) => names[Number(place)]!) as T);

export const subjectNamed = ({ tenant, subject, person }: Subject, names: readonly string[]): Subject => ({ tenant, subject: named(subject, names), person: named(person, names) });
const leafNamed = (leaf: Leaf, names: readonly string[]): Leaf =>
  ({ ...leaf, stream: named(leaf.stream, names), oversight: leaf.oversight.map((one) => ({ ...one, who: named(one.who, names) })) });

/** The place of each value among those that differ. */
const places = <T>(nameOf: (value: T) => string) => {
  const known = new Map<string, { readonly place: number; readonly value: T }>();
  return {
    of: (value: T): number => {
      const name = nameOf(value);
      let one = known.get(name);
      if (one === undefined) known.set(name, one = { place: known.size, value });
      return one.place;
    },
    all: (): readonly T[] => [...known.values()].map(({ value }) => value),
  };
};

/**
 * The stage before the sequencer, in two steps: everything that needs the catalogue, the keys or the people's names is asked for once, in between,
 * so that whoever does the work keeps none of it.
 */
export const readBatch = (sources: readonly SourceRecord[]): ReadBatch => {
  const people = places<string>((person) => person);
  const tools = places<string>((tool) => tool);
  const subjects = places<Subject>(({ tenant, subject, person }) => `${tenant}\n${subject}\n${person}`);
  const read = createReading((person) => standIn(people.of(person)));
  const reads = sources.map((source) => {
    const one = read(source);
    return { one, tools: one.tools.map(tools.of), subject: subjects.of(subjectOf(one.leaf)) };
  });
  return {
    people: people.all(), tools: tools.all(), subjects: subjects.all(),
    finish: ({ names, hidden, keys }) => {
      const byTool = new Map(tools.all().map((tool, i) => [tool, hidden[i]!]));
      const hides = (tool: string): HiddenOf => byTool.get(tool) ?? allHidden;
      return reads.map(({ one, subject }) => entryOf(draftOf(names.length === 0 ? one : { ...one, leaf: leafNamed(one.leaf, names) }, hides), keys[subject]!));
    },
  };
};
