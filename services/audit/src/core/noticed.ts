import type { Leaf } from './entry.ts';
import { statementSource } from './statement.ts';

/** Types of what audit itself says is missing, changed or contradictory. */
export const noticedTypes = ['countersign.audit.gap.v1', 'countersign.audit.incident.v1'] as const;

/** Such a statement in words; undefined for every other entry, whatever its line in the index says. */
export const noticedOf = ({ type, source, states }: Leaf): { readonly kind: 'gap' | 'incident'; readonly what: string } | undefined => {
  if (states === null || source.topic !== statementSource) return undefined;
  if (type === noticedTypes[0]) return { kind: 'gap', what: `${states['topic']} ${states['stream'] ?? `partition ${states['partition']}`}: ${states['expected']} to ${Number(states['found']) - 1} never came` };
  if (type !== noticedTypes[1]) return undefined;
  const { what, ...more } = states;
  return { kind: 'incident', what: `${String(what).replaceAll('_', ' ')}: ${Object.entries(more).map(([name, value]) => `${name} ${value}`).join(', ')}` };
};
