import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import type { Session } from '../people/command.ts';
import { change, changeOptions } from './change.ts';
import { importGraph } from './import.ts';
import { drawNode, listGraph, showNode } from './show.ts';
import { graphUsage } from './usage.ts';

const markNode = (session: Session, node: string, marks: string | undefined): Promise<void> => {
  const named = (marks ?? '').split(',').map((mark) => mark.trim()).filter((mark) => mark !== '');
  if (named.length === 0) throw new CannotRun(`Say which marks, with commas between them.\n${graphUsage}`);
  return change(session, `/graph/${encodeURIComponent(node)}/marks`, session.values['remove'] === true ? { remove: named } : { add: named });
};

/** Acts on one named thing; whatever else is typed is too much. */
const acts: Readonly<Record<string, { readonly takes: number; readonly act: (session: Session, named: string, more: string | undefined) => Promise<void> }>> = {
  import: { takes: 1, act: importGraph }, mark: { takes: 2, act: markNode }, show: { takes: 1, act: showNode }, picture: { takes: 1, act: drawNode },
};

const options = {
  ...changeOptions, prune: { type: 'boolean' }, partial: { type: 'boolean' }, 'allow-dangling': { type: 'boolean' }, remove: { type: 'boolean' },
  max: { type: 'string' }, depth: { type: 'string' }, most: { type: 'string' }, out: { type: 'string' },
} as const;

export const graph = personCommand(graphUsage, options, async (session) => {
  const [what, named, more, ...rest] = session.positionals;
  if (what === undefined) return listGraph(session);
  const found = Object.hasOwn(acts, what) ? acts[what] : undefined;
  if (found === undefined || named === undefined || rest.length > 0 || (found.takes === 1 && more !== undefined)) throw new CannotRun(`Usage: ${graphUsage}`);
  return found.act(session, named, more);
});
