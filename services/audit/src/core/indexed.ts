import { rejectedType } from './entry.ts';
import type { Leaf } from './entry.ts';
import { peopleIn } from './oversight.ts';
import { fieldsOf, idOf } from './reading.ts';

/** One line of the index: what people ask by. Rebuilt from the log at any time; it proves nothing and erasure empties what it says of a person. */
export interface IndexedEntry {
  readonly at: number;
  readonly type: string;
  readonly run: string | null;
  readonly agent: string | null;
  readonly action: string | null;
  readonly tool: string | null;
  readonly stream: string | null;
  readonly decision: string | null;
  readonly tier: number | null;
  readonly code: string | null;
  readonly outcome: string | null;
  /** Trace id, 32 hex digits. */
  readonly trace: string | null;
  readonly rules: readonly string[];
  readonly people: readonly string[];
  /** What was said in it, as far as the payload has it: for full-text search. */
  readonly text: string;
}

const mostText = 32 * 1024;
/** Signatures, tokens and hashes: nobody searches for them, and they would drown the rest. */
const machine = new Set(['jws', 'grant', 'token', 'attestation', 'hash', 'digest', 'payload', 'sig', 'x', 'jkt', 'traceparent', 'inbox', 'reply', 'snapshots', 'facts']);

/** Every text in a value, in order, until there is enough. */
const textsOf = (value: unknown, into: string[], left: { chars: number }, depth = 0): void => {
  if (left.chars <= 0 || depth > 24) return;
  if (typeof value === 'string') {
    // PostgreSQL has no NUL in texts, no lone surrogates, and looks past what stands in angle brackets: nobody hides words there.
    const text = value.slice(0, left.chars).replaceAll(/[\u0000<>]/g, ' ').toWellFormed();
    left.chars -= text.length + 1;
    into.push(text);
  } else if (Array.isArray(value)) for (const item of value) textsOf(item, into, left, depth + 1);
  else if (typeof value === 'object' && value !== null) for (const [name, item] of Object.entries(value)) if (!machine.has(name)) textsOf(item, into, left, depth + 1);
};

/**
 * A line of the index as its leaf has it: what the leaf says goes before what the line says. Run, agent and tool may also come from the payload or, of a
 * vote, from the question before it; people come from payloads alone: there a line that the leaf does not contradict is taken as it is.
 */
export const underLeaf = <L extends Omit<IndexedEntry, 'text'>>(line: L, leaf: Leaf): L => {
  const { text: _text, people: _people, run, agent, tool, ...said } = indexedOf(leaf, undefined);
  return { ...line, ...said, run: run ?? line.run, agent: agent ?? line.agent, tool: tool ?? line.tool };
};

/** @param body the payload's JSON; undefined where it is none, was erased, or may not be seen by the index */
export const indexedOf = (leaf: Leaf, body: unknown): IndexedEntry => {
  // What nobody vouches for is found by its words, and belongs to no run, agent or person.
  const said = leaf.type === rejectedType ? undefined : body;
  const fields = fieldsOf(said);
  const scope = fieldsOf(fields['scope']);
  const texts: string[] = [];
  textsOf(body, texts, { chars: mostText });
  return {
    at: leaf.at, type: leaf.type, action: leaf.action, tool: leaf.tool ?? (scope['kind'] === 'tool' ? idOf(scope['id']) : null),
    run: leaf.run ?? (scope['kind'] === 'run' ? idOf(scope['id']) : null), agent: leaf.agent ?? (scope['kind'] === 'agent' ? idOf(scope['id']) : null),
    stream: leaf.stream ?? null, decision: leaf.decision?.decision ?? null, tier: leaf.decision?.tier ?? null, code: leaf.decision?.code ?? null, outcome: leaf.outcome ?? null,
    trace: leaf.trace === null ? null : /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(leaf.trace)?.[1] ?? null,
    rules: leaf.decision?.rules ?? [], people: peopleIn(said), text: texts.join('\n'),
  };
};
