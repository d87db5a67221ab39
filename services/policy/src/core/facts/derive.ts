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
import { effectOf, repeats } from './effect.ts';
import type { Effect } from './effect.ts';
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
  /** Its actions, with what those did for good that were granted. Absent: none. */
  readonly actions?: ReadonlyMap<string, { readonly effect: Effect }>;
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
  const own = extract(tool, input.proposal.arguments as Value, failed);
  for (const name in own) if (!steering.has(name)) facts[name] = said(own[name]! as Json);
  const origin = provenanceIn(run.context);
  aboutTarget(own['target'], failed, input, origin, facts);
  aboutAmount(own, failed, run.context, facts);
  aboutText(own['text'], failed, run.context, origin, facts);
  aboutContent(own['content'], failed, run.context, origin, facts);
  aboutDates(own['dates'], run.context, facts);
  facts['act.asked'] = derived(actAsked({ acts: own['acts'], verbs: own['verbs'], objects: own['objects'] }, run.context));
  facts['target.several'] = derived(severalMeant(own['plurals'], run.context));
  facts['act.done'] = derived(run.counts.get(tool.name) ?? 0);
  facts['tool.consequential'] = derived(tool.snapshot.consequential);
  facts['tool.reversible'] = derived(tool.snapshot.reversible);
  facts['tool.data'] = derived(tool.snapshot.dataClasses);
  if (run.actions !== undefined && tool.snapshot.consequential && !tool.snapshot.reversible && repeats(effectOf(tool.name, facts), run.actions.values())) facts['act.repeated'] = yes;
  facts['agent.roles'] = derived(agent.roles);
  facts['agent.environment'] = derived(agent.environment);
  facts['agent.trusted'] = derived(agent.runtimeTrusted);
  facts['agent.ceiling'] = derived(agent.ceiling);
  facts['run.calls'] = derived(run.calls);
  facts['run.spend'] = derived(run.spend?.minor ?? 0);
  facts['run.denies'] = derived(run.denies);
  facts['run.data'] = derived(run.dataTouched);
  facts['level'] = derived(input.level);
  if (input.record !== undefined) facts['record'] = derived(input.record);
  facts['instruction.attested'] = { value: run.instruction.attestedBy !== null, origin: run.instruction.attestedBy === null ? 'derived' : 'attested', ...(run.instruction.attestedBy === null ? {} : { from: run.instruction.attestedBy }) };
  if (input.evidence !== undefined) attest(facts, evidenceFacts(input.evidence, tool.name, own['artefact'], input.now, input.evidenceMaxAgeMs ?? 0));
  for (const { name, read } of input.context ?? noContext) {
    const value = read(input, facts, own);
    if (value instanceof Failure) failed.push({ fact: name, why: value.why, byArguments: value.byArguments });
    // With evidence its facts are there already, attested.
    else if (input.evidence === undefined || !Object.hasOwn(noEvidence, name)) facts[name] = derived(value as Json);
  }
  if (typeof input.proposal.confidence === 'number') facts['confidence'] = { value: input.proposal.confidence, origin: 'claimed' };
  facts['approval'] = { value: input.approval?.resolution ?? 'none', origin: input.approval === null ? 'derived' : 'attested' };
  return { facts, failed };
};

/** Facts that signatures stand behind. */
const attest = (facts: Record<string, Fact>, found: Readonly<Record<string, Json>>): void => {
  for (const name in found) facts[name] = { value: found[name]!, origin: 'attested' };
};

/*
 * Facts are put under their names as written here, not by way of a function that is given the name: only so V8 keeps such an object as a struct
 * instead of a hash table, which takes six times as long to make and to write down.
 */
const yes: Fact = { value: true, origin: 'derived' }, no: Fact = { value: false, origin: 'derived' };
const derived = (value: Json): Fact => (value === true ? yes : value === false ? no : { value, origin: 'derived' });
const derivedFrom = (value: Json, from: string): Fact => ({ value, origin: 'derived', from });
const said = (value: Json): Fact => derivedFrom(value, 'arguments');

type Origin = ReturnType<typeof provenanceIn>;
type Facts = Record<string, Fact>;

const aboutTarget = (value: Value | undefined, failed: FailedFact[], { tool }: FactInput, origin: Origin, facts: Facts): void => {
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
  facts['target'] = said(targets);
  facts['target.count'] = derived(targets.length);
  facts['target.named'] = derived(weakest.trust === 'instruction');
  facts['target.trust'] = derived(weakest.trust);
  facts['target.from'] = derived(weakest.from);
  facts['target.address'] = derived(targets.some(isAddress));
};

const aboutAmount = (own: Readonly<Record<string, Value>>, failed: FailedFact[], context: RunContext, facts: Facts): void => {
  const amount = amountOf(own);
  if (amount instanceof Failure) { failed.push({ fact: 'amount', why: amount.why, byArguments: true }); return; }
  facts['amount'] = said(amount);
  facts['amount.named'] = derived(amount === null || context.amounts.includes(Math.abs(amount)));
};

/** Free text that carries an address which neither the instruction nor a trusted result has and where the run was not let to read. */
const aboutText = (value: Value | undefined, failed: FailedFact[], context: RunContext, origin: Origin, facts: Facts): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  for (const text of texts) {
    const { found, cut } = addressesWithin(text);
    if (cut) { failed.push({ fact: 'text.strange', why: 'too many addresses in the text', byArguments: true }); return; }
    for (const address of found) {
      const read = origin(address);
      if (read === undefined) { failed.push({ fact: 'text.strange', why: tooMuch, byArguments: true }); return; }
      const { trust, from } = read;
      if ((trust === 'third_party' || trust === 'document' || trust === 'nowhere') && !context.visited.includes(placeOf(address))) { facts['text.strange'] = derivedFrom(true, from ?? 'nowhere'); return; }
    }
  }
  facts['text.strange'] = derived(false);
};

/** What the act would write about its own object, taken word for word from strangers: a name or number long enough to be no accident. */
const aboutContent = (value: Value | undefined, failed: FailedFact[], { cut }: RunContext, origin: Origin, facts: Facts): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  for (const text of texts.slice(0, maxTargets)) {
    const normal = normalise(text);
    if (normal.length < shortestContent && wordsOf(normal).length < 2) continue;
    const read = origin(text);
    if (read === undefined) { failed.push({ fact: 'content.foreign', why: tooMuch, byArguments: true }); return; }
    const { trust, from, claimed } = read;
    if (trust === 'third_party' || claimed) { facts['content.foreign'] = from === null ? derived(true) : derivedFrom(true, from); return; }
    // Strangers who write a lot must not be able to push their own words out of memory.
    if (trust === 'nowhere' && cut) { failed.push({ fact: 'content.foreign', why: 'the run has read more than is remembered', byArguments: false }); return; }
  }
  facts['content.foreign'] = derived(false);
};

/** Dates of the act where the instruction names days and none of them is this one. An instruction without days contradicts none. */
const aboutDates = (value: Value | undefined, { days }: RunContext, facts: Facts): void => {
  const texts = value === undefined ? [] : (isList(value) ? value : [value]).filter((item) => typeof item === 'string');
  facts['date.off'] = derived(days.single.length > 0 && texts.some((text) => daysIn(text.slice(0, maxDate)).single.some((day) => !isAmong(day, days))));
};
