import type { Leaf } from './entry.ts';

/** Whose data the payload of this leaf is, and on whose behalf: see app/keys.ts. Runs first: what is said in a run is erased with it. */
export const subjectOf = (leaf: Leaf): { readonly tenant: string; readonly subject: string; readonly person: string | null } => {
  const { tenant, run, stream, agent, source } = leaf;
  const person = leaf.oversight.find(({ event }) => event === 'instructed')?.who ?? (stream?.startsWith('person:') ? stream.slice('person:'.length) : null);
  return { tenant, subject: run !== null ? `run:${run}` : stream ?? (agent !== null ? `agent:${agent}` : source.topic), person };
};
