import type { Json } from '@countersign/contracts';
import { inert } from '../../people/inert.ts';
import { closeSchema } from './close-schema.ts';
import { suspicionsIn } from './offer.ts';
import type { Source } from './offer.ts';

export interface Difference { readonly at: string; readonly was: Json | undefined; readonly is: Json | undefined }

const leaves = (value: Json, at: string, into: Map<string, Json>): Map<string, Json> => {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (inner.length === 0) into.set(at, value);
  for (const [name, one] of inner) leaves(one as Json, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, into);
  return into;
};

/** Member by member (JSON pointers), sorted. */
export const differences = (was: Json, is: Json): readonly Difference[] => {
  const before = leaves(was, '', new Map()), after = leaves(is, '', new Map());
  return [...new Set([...before.keys(), ...after.keys()])].sort().filter((at) => JSON.stringify(before.get(at)) !== JSON.stringify(after.get(at))).map((at) => ({ at, was: before.get(at), is: after.get(at) }));
};

/** What a tool's source says now against what was reviewed, or all of it where nothing was. */
export const sourceDifferences = (source: Source): readonly Difference[] =>
  differences((source.status === 'draft' ? {} : source.definition) as unknown as Json, (source.status === 'changed' ? source.offered?.definition ?? {} : source.definition) as unknown as Json);

export const diffLines = (source: Source): string[] => {
  const now = source.status === 'changed' ? source.offered?.definition : source.definition;
  if (now === undefined) return ['The server no longer has it.'];
  const found = sourceDifferences(source);
  const closed = closeSchema(now.inputSchema);
  const suspicions = [...new Set([now.description, JSON.stringify(now.inputSchema)].flatMap(suspicionsIn))];
  return [
    ...(found.length === 0 ? [source.status === 'changed' ? 'It reads as before: what changed are its title, or characters that nobody sees.' : 'Nothing changed.'] : []),
    ...found.flatMap(({ at, was, is }) => [...(was === undefined ? [] : [`- ${inert(at, 120)} ${inert(JSON.stringify(was), 600)}`]), ...(is === undefined ? [] : [`+ ${inert(at, 120)} ${inert(JSON.stringify(is), 600)}`])]),
    ...(closed.ok ? [] : [`Its argument schema cannot be closed: ${inert(closed.why)}`]), ...suspicions.map((one) => `! its text ${one}`),
  ];
};
