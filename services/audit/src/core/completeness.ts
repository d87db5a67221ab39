import { consumesSeq } from '@countersign/kernel';
import type { Leaf } from './entry.ts';
import { fieldsOf, numberOf } from './reading.ts';

/**
 * What a batch of entries says of one run's chain of messages. Policy takes a runtime's messages only in their order and without a hole (`seq`, from 0), and
 * writes one record for each, so that those of a run can be counted: as many as its last `seq` says.
 */
export interface ChainPart {
  readonly run: string;
  readonly agent: string | null;
  /** Broker's time of its first message; null where it is not in this batch. */
  readonly started: number | null;
  /** End of its life, epoch ms. */
  readonly notAfter: number | null;
  readonly ended: number | null;
  /** `seq` of the message by which the runtime ended it; null where it did not, or policy ended it. */
  readonly closing: number | null;
  /** Records of its own messages. */
  readonly recorded: number;
  /** Highest `seq`; -1: none. */
  readonly last: number;
  /** Highest `seq` that the session key's signature covers, and so, over the chain, all before it; -1: none. */
  readonly attested: number;
}

interface Line { readonly leaf: Leaf; readonly body: unknown }

const governed = 'runs.governed.v1';
const larger = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

/** The place of a record's message in its run's chain; null where it has none: a message refused out of its order names a seq and takes no place. */
export const placeOf = (fields: Readonly<Record<string, unknown>>): number | null =>
  (fields['kind'] === 'message.refused' && !consumesSeq(String(fields['code'])) ? null : numberOf(fields['seq']));

/** @param lines entries in their order; those whose payload was erased say nothing of their seq */
export const chainParts = (lines: readonly Line[]): readonly ChainPart[] => {
  const parts = new Map<string, ChainPart>();
  for (const { leaf, body } of lines) {
    if (leaf.run === null || leaf.source.topic !== governed) continue;
    const before: ChainPart = parts.get(leaf.run) ?? { run: leaf.run, agent: leaf.agent, started: null, notAfter: null, ended: null, closing: null, recorded: 0, last: -1, attested: -1 };
    const fields = fieldsOf(body);
    const seq = placeOf(fields);
    const kind = leaf.type.replace(/^countersign\.governed\.|\.v\d+$/g, '');
    const life = numberOf(fieldsOf(fields['token'])['run_not_after']);
    parts.set(leaf.run, {
      ...before, agent: before.agent ?? leaf.agent,
      started: kind === 'run.started' ? leaf.at : before.started, notAfter: kind === 'run.started' && life !== null ? life * 1_000 : before.notAfter,
      ended: kind === 'run.ended' ? leaf.at : before.ended, closing: kind === 'run.ended' ? larger(before.closing, seq) : before.closing,
      recorded: before.recorded + (seq === null ? 0 : 1), last: Math.max(before.last, seq ?? -1), attested: Math.max(before.attested, seq !== null && fields['attested'] === true ? seq : -1),
    });
  }
  return [...parts.values()];
};

/** What is wrong with a chain; a run may have several. */
export type ChainFault = 'unclosed' | 'short' | 'unattested';

/**
 * `unclosed`: over, and its runtime never said that it was the last message. `short`: a message that was taken has no record. `unattested`: nobody but policy
 * vouches for the messages at its end, for no signature of the session key covers them. A run that still goes on is none of them yet, but for a hole.
 */
export const chainFaults = (chain: ChainPart, now: number): readonly ChainFault[] => {
  const over = chain.ended !== null || (chain.notAfter !== null && chain.notAfter < now);
  return [
    ...over && chain.closing === null ? ['unclosed' as const] : [],
    // Of a run whose beginning this index has not read nothing can be counted.
    ...chain.started !== null && chain.recorded < chain.last + 1 ? ['short' as const] : [],
    ...over && chain.attested < chain.last ? ['unattested' as const] : [],
  ];
};

/** What a batch says of the versions of one stream of a service's events, dense from 1. */
export interface StreamPart { readonly stream: string; readonly topic: string; readonly versions: readonly number[] }

export const streamParts = (lines: readonly Line[]): readonly StreamPart[] => {
  const parts = new Map<string, { stream: string; topic: string; versions: number[] }>();
  for (const { leaf, body } of lines) {
    const version = numberOf(fieldsOf(body)['version']);
    if (leaf.stream == null || version === null || leaf.source.topic === governed) continue;
    const key = `${leaf.source.topic}\0${leaf.stream}`;
    const part = parts.get(key) ?? { stream: leaf.stream, topic: leaf.source.topic, versions: [] };
    part.versions.push(version);
    parts.set(key, part);
  }
  return [...parts.values()];
};

export interface StreamSeen { readonly last: number; readonly missing: number }

export interface Gap { readonly expected: number; readonly found: number }

/** Goes on counting. What is said again changes nothing: a service publishes at least once, and in order. */
export const countVersions = (seen: StreamSeen, versions: readonly number[]): StreamSeen & { readonly gaps: readonly Gap[] } => {
  let { last, missing } = seen;
  const gaps: Gap[] = [];
  for (const version of versions) {
    if (version <= last) continue;
    if (version > last + 1) gaps.push({ expected: last + 1, found: version });
    [last, missing] = [version, missing + version - last - 1];
  }
  return { last, missing, gaps };
};
