import type { ActionProposed, AgentSnapshot, AnomalyLevel, ApprovalResolved, Fact, Json, Money } from '@countersign/contracts';
import { Failure, isList } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import type { Graph } from '../graph.ts';
import type { Past } from '../past.ts';
import type { CompiledTool } from '../rules/compile.ts';
import type { FailedFact } from '../world.ts';
import type { RunContext } from './context.ts';
import { actAsked, severalMeant } from './asked.ts';
import { addressesWithin, placeOf } from './addresses.ts';
import { amountOf, extract } from './amount.ts';
import { evidenceFacts, noEvidence } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import { daysIn, isAmong } from './dates.ts';
import type { ContextFact } from './history.ts';
import { steering } from './names.ts';
import { isAddress, normalise, wordsOf } from './normalise.ts';
import { provenanceIn, weaker } from './provenance.ts';
import type { Provenance } from './provenance.ts';

export interface RunFacts {
  readonly instruction: { readonly text: string; readonly attestedBy: string | null };
  readonly context: RunContext; readonly calls: number; readonly spend: Money | null; readonly denies: number;
  readonly dataTouched: readonly string[]; readonly counts: ReadonlyMap<string, number>;
  /** Absent: the run has done nothing yet. */
  readonly past?: Past;
}
export interface FactInput {
  readonly proposal: ActionProposed; readonly tool: CompiledTool; readonly agent: AgentSnapshot; readonly run: RunFacts;
  readonly level: AnomalyLevel['level'] | 'stale';
  /** Null, or verified: the votes are real and count. */
  readonly approval: ApprovalResolved | null;
  readonly now: number;
  /** 1, the default, for the proposal; one more for each approval or supplied fact. */
  readonly round?: number;
  /** Facts that are only made where a rule of the tool reads them (`ToolIndex.context`). */
  readonly context?: readonly ContextFact[];
  /** Null: not known, or stale. */
  readonly graph?: Graph | null;
  /** The audit log is behind; absent while it is not, so that it costs nothing then. */
  readonly record?: 'behind' | undefined;
  readonly evidence?: Evidence;
  /** How old evidence may be; 0, the default, lets none count. */
  readonly evidenceMaxAgeMs?: number;
}
export type { FailedFact } from '../world.ts';
export interface Derived { readonly facts: Readonly<Record<string, Fact>>; readonly failed: readonly FailedFact[] }

const maxTargets = 64;
const longestTarget = 300;
const tooMuch = 'too many values to look for in what the run has read';
const maxDate = 64;
const shortestContent = 10;
const noContext: readonly ContextFact[] = [];

/**
 * Everything a decision rests on, each with its origin. Pure. What could not be derived is in `failed`, never silently absent:
 * a rule that reads it fails, which makes the decision stricter.
 */
export const deriveFacts = (input: FactInput): Derived => {
  const { tool, run, agent } = input;
  const facts: Record<string, Fact> = {};
  const failed: FailedFact[] = [];
  const put = (name: string, value: Json, from?: string): void => { facts[name] = from === undefined ? { value, origin: 'derived' } : { value, origin: 'derived', from }; };
  const own = extract(tool, input.proposal.arguments as Value, failed);
  for (const name in own) if (!steering.has(name)) put(name, own[name]! as Json, 'arguments');
  const origin = provenanceIn(run.context);
  aboutTarget(own['target'], failed, input, origin, put);
  aboutAmount(own, failed, run.context, put);
  aboutText(own['text'], failed, run.context, origin, put);
  aboutContent(own['content'], failed, run.context, origin, put);
  aboutDates(own['dates'], run.context, put);
  put('act.asked', actAsked({ acts: own['acts'], verbs: own['verbs'], objects: own['objects'] }, run.context));
  put('target.several', severalMeant(own['plurals'], run.context));
  put('act.done', run.counts.get(tool.name) ?? 0);
  put('tool.consequential', tool.snapshot.consequential);
  put('tool.reversible', tool.snapshot.reversible);
  put('tool.data', tool.snapshot.dataClasses);
  put('agent.roles', agent.roles);
  put('agent.environment', agent.environment);
  put('agent.trusted', agent.runtimeTrusted);
  put('agent.ceiling', agent.ceiling);
  put('run.calls', run.calls);
  put('run.spend', run.spend?.minor ?? 0);
  put('run.denies', run.denies);
  put('run.data', run.dataTouched);
  put('level', input.level);
  if (input.record !== undefined) put('record', input.record);
  facts['instruction.attested'] = { value: run.instruction.attestedBy !== null, origin: run.instruction.attestedBy === null ? 'derived' : 'attested', ...(run.instruction.attestedBy === null ? {} : { from: run.instruction.attestedBy }) };
  if (input.evidence !== undefined) attest(facts, evidenceFacts(input.evidence, tool.name, own['artefact'], input.now, input.evidenceMaxAgeMs ?? 0));
  for (const { name, read } of input.context ?? noContext) {
    const value = read(input, facts, own);
    if (value instanceof Failure) failed.push({ fact: name, why: value.why, byArguments: value.byArguments });
    // With evidence its facts are there already, attested.
    else if (input.evidence === undefined || !Object.hasOwn(noEvidence, name)) put(name, value as Json);
  }
  if (typeof input.proposal.confidence === 'number') facts['confidence'] = { value: input.proposal.confidence, origin: 'claimed' };
  facts['approval'] = { value: input.approval?.resolution ?? 'none', origin: input.approval === null ? 'derived' : 'attested' };
  return { facts, failed };
};

/** Facts that signatures stand behind. */
const attest = (facts: Record<string, Fact>, found: Readonly<Record<string, Json>>): void => {
  for (const name in found) facts[name] = { value: found[name]!, origin: 'attested' };
};

type Origin = ReturnType<typeof provenanceIn>;
type Put = (name: string, value: Json, from?: string) => void;

const aboutTarget = (value: Value | undefined, failed: FailedFact[], { tool }: FactInput, origin: Origin, put: Put): void => {
  const targets = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => item !== null).map(String);
  const fails = (why: string): void => { failed.push({ fact: 'target.named', why, byArguments: true }, { fact: 'target.trust', why, byArguments: true }); };
  if (targets.length > maxTargets) return fails(`more than ${maxTargets} targets`);
  if (targets.some((target) => target.length > longestTarget)) return fails(`a target longer than ${longestTarget} characters`);
  let weakest: Provenance = { trust: 'instruction', from: null };
  for (const target of targets) {
    const read = origin(target, tool.name);
    if (read === undefined) return fails(tooMuch);
    weakest = weaker(weakest, read);
  }
  if (targets.length === 0) weakest = { trust: 'nowhere', from: null };
  put('target', targets, 'arguments');
  put('target.count', targets.length);
  put('target.named', weakest.trust === 'instruction');
  put('target.trust', weakest.trust);
  put('target.from', weakest.from);
  put('target.address', targets.some(isAddress));
};

const aboutAmount = (own: Readonly<Record<string, Value>>, failed: FailedFact[], context: RunContext, put: Put): void => {
  const amount = amountOf(own);
  if (amount instanceof Failure) { failed.push({ fact: 'amount', why: amount.why, byArguments: true }); return; }
  put('amount', amount, 'arguments');
  put('amount.named', amount === null || context.amounts.includes(Math.abs(amount)));
};

/** Free text that carries an address which neither the instruction nor a trusted result has and where the run was not let to read. */
const aboutText = (value: Value | undefined, failed: FailedFact[], context: RunContext, origin: Origin, put: Put): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  for (const text of texts) {
    const { found, cut } = addressesWithin(text);
    if (cut) { failed.push({ fact: 'text.strange', why: 'too many addresses in the text', byArguments: true }); return; }
    for (const address of found) {
      const read = origin(address);
      if (read === undefined) { failed.push({ fact: 'text.strange', why: tooMuch, byArguments: true }); return; }
      const { trust, from } = read;
      if ((trust === 'third_party' || trust === 'document' || trust === 'nowhere') && !context.visited.includes(placeOf(address))) return put('text.strange', true, from ?? 'nowhere');
    }
  }
  put('text.strange', false);
};

/** What the act would write about its own object, taken word for word from strangers: a name or number long enough to be no accident. */
const aboutContent = (value: Value | undefined, failed: FailedFact[], { cut }: RunContext, origin: Origin, put: Put): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  for (const text of texts.slice(0, maxTargets)) {
    const normal = normalise(text);
    if (normal.length < shortestContent && wordsOf(normal).length < 2) continue;
    const read = origin(text);
    if (read === undefined) { failed.push({ fact: 'content.foreign', why: tooMuch, byArguments: true }); return; }
    const { trust, from, claimed } = read;
    if (trust === 'third_party' || claimed) return put('content.foreign', true, from ?? undefined);
    // Strangers who write a lot must not be able to push their own words out of memory.
    if (trust === 'nowhere' && cut) { failed.push({ fact: 'content.foreign', why: 'the run has read more than is remembered', byArguments: false }); return; }
  }
  put('content.foreign', false);
};

/** Dates of the act where the instruction names days and none of them is this one. An instruction without days contradicts none. */
const aboutDates = (value: Value | undefined, { days }: RunContext, put: Put): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  put('date.off', days.single.length > 0 && texts.some((text) => daysIn(text.slice(0, maxDate)).single.some((day) => !isAmong(day, days))));
};
