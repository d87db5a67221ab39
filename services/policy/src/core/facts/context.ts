import { delegateTool } from '@countersign/kernel';
import type { CompiledTool } from '../rules/compile.ts';
import { addressLine, placeOf, splitAddresses } from './addresses.ts';
import { byTrust } from './fields.ts';
import type { Trust } from './fields.ts';
import { daysIn, withoutDays } from './dates.ts';
import type { Days } from './dates.ts';
import { linksIn } from './links.ts';
import type { Link } from './links.ts';
import { amountsIn, normalise, sentencesOf } from './normalise.ts';
import type { Sentence } from './normalise.ts';

/** What one result said under one trust; `text` normalised, `addresses` those in it, whole (addresses.ts). `named`: it is of something that the instruction names, a page or a file. `claimed`: a runtime that nobody vouches for says so. */
export interface Source { readonly tool: string; readonly action: string; readonly trust: Trust; readonly text: string; readonly addresses: string; readonly named?: true; readonly claimed?: true }

/** What a call was about, as its decision saw it: its targets, and whether the instruction names all of them. */
export interface About { readonly targets: readonly string[]; readonly named: boolean }

/** Where values of a run can come from. Plain JSON, never changed in place. `cut`: some text did not fit, so not finding a value proves nothing. */
export interface RunContext {
  readonly instruction: string;
  /** The instruction's addresses, whole: no words may be put together to one. */
  readonly addresses: string;
  /** The instruction's sentences, normalised: what is asked for is looked for in one of them. */
  readonly sentences: readonly Sentence[];
  readonly amounts: readonly number[];
  readonly days: Days;
  readonly sources: readonly Source[];
  /** What was read, as places are compared: the targets of calls that changed nothing. */
  readonly visited: readonly string[];
  /** Handles of records that carry a name which the instruction has; made by core/facts/links.ts. */
  readonly links: readonly Link[];
  readonly size: number;
  readonly cut: boolean;
}

export const emptyContext: RunContext = { instruction: ' ', addresses: ' ', sentences: [], amounts: [], days: { single: [], ranges: [] }, sources: [], visited: [], links: [], size: 0, cut: false };

/** Most characters of results one run remembers, and most sources. */
const maxSize = 256 * 1024;
const maxSources = 200;
const maxVisited = 200;
const maxLinks = 500;
const maxInstruction = 64 * 1024;

export const withInstruction = (context: RunContext, text: string): RunContext => {
  const kept = text.slice(0, maxInstruction);
  const whole = normalise(kept);
  // Bounded like what results say.
  const instruction = whole.slice(0, kept.length + 2);
  return { ...context, instruction, addresses: addressLine(kept), sentences: sentencesOf(kept), amounts: amountsIn(withoutDays(splitAddresses(kept).rest)), days: daysIn(kept), cut: context.cut || kept.length < text.length || whole.length > instruction.length };
};

/** What another agent's run handed over, of which nothing is known here: like the word of a runtime that nobody vouches for, it can only make values doubtful. */
export const withHandoff = (context: RunContext, text: string): RunContext => {
  const normalised = normalise(text).slice(0, text.length + 2);
  return { ...context, sources: [...context.sources, { tool: delegateTool, action: '', trust: 'third_party', text: normalised, addresses: addressLine(text), claimed: true }], size: context.size + text.length };
};

/** What a tool returned, as its runtime reports it; `trusted`: the agent's owner had marked that runtime trusted. */
export interface Result { readonly tool: CompiledTool; readonly action: string; readonly resultText: string; readonly about?: About | null; readonly trusted: boolean }

/** Adds what a tool returned. Only outcomes of what ran come here. What an untrusted runtime reports is strangers' text whatever the tool: it opens no place, ties no handle to a name and can only make values doubtful. */
export const withResult = (context: RunContext, { tool, action, resultText, about, trusted }: Result): RunContext => {
  const { resultTrust, resultFields, consequential } = tool.snapshot;
  const read = trusted && about != null && !consequential && about.targets.length > 0;
  const room = maxSize - context.size;
  const kept = resultText.slice(0, Math.max(0, room));
  const sources = [...context.sources];
  let { size } = context;
  let cut = context.cut || kept.length < resultText.length;
  for (const [trust, text] of Object.entries(trusted ? byTrust(kept, resultTrust, resultFields) : { third_party: kept }) as [Trust, string][]) {
    if (sources.length >= maxSources) { cut = true; break; }
    // NFKC can make text many times longer: bounded like the rest.
    const normalised = normalise(text);
    cut ||= normalised.length > text.length + 2;
    sources.push({ tool: tool.name, action, trust, text: normalised.slice(0, text.length + 2), addresses: addressLine(text), ...(read && about.named && { named: true as const }), ...(!trusted && { claimed: true as const }) });
  }
  size += kept.length;
  const visited = read ? [...context.visited, ...about.targets.map(placeOf)].slice(-maxVisited) : context.visited;
  const links = trusted ? [...context.links, ...linksIn(kept, tool, context)].slice(-maxLinks) : context.links;
  return { ...context, sources, visited, links, size, cut };
};
