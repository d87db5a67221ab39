import { changeSteering } from './change.ts';
import type { Names } from '../cel/compile.ts';

/*
 * What the facts mean. Made for every proposal (standardFacts):
 *   target, target.count   what the act is aimed at (extractor `target`), and how many that are
 *   target.trust           where the least trusted target was read, in this order: instruction · record · directory (our own data, as the catalogue says of
 *                          the tool's result or field) · alias (strangers gave it with a name that the instruction has) · document (strangers' text, in a page
 *                          or file that the instruction names) · third_party (strangers' text) · nowhere (also: only an untrusted runtime says that it was returned)
 *   target.named, target.from   target.trust == 'instruction'; the tool that returned it, else null
 *   target.address         some target is an address that leads somewhere: e-mail, URL, domain, account; a file's name is none
 *   target.several         a sentence of the instruction without addresses has one of the words of extractor `plurals`: it means several such targets and names none
 *   amount, currency       minor units and ISO 4217 code (extractors `amount` or `amountMajor`, `currency`); null: the act moves no money; fails without a currency
 *   amount.named           the instruction has that number, free-standing and no day, year or part of a name; true where there is no amount
 *   records                how many records it touches (extractor)
 *   text.strange           text (extractor `text`) has an address that stands in neither instruction, own data nor alias, and at a place the run was not let to read
 *   content.foreign        a text of extractor `content`, of ten characters or two words at least, stands word for word in strangers' text and in nothing more
 *                          trusted (an untrusted runtime's results are strangers' text too)
 *   date.off               the instruction names days, and a day of extractor `dates` is none of them and in none of its ranges
 *   act.asked, act.done    whether a sentence of the instruction has a word of `acts`, or one of `verbs` with one of `objects`; how often this tool was granted in this run
 *   act.repeated           true where the act cannot be undone and this run was granted it before: same tool, targets and amount (acts without an amount never), unless a runtime
 *                          that is vouched for reported `failed` or `not_executed`; otherwise absent. An attested instruction is then no authority any more (builtin:irreversible); rules cannot read it
 *   agent.trusted          the agent's owner vouches for its runtime: what it says its tools returned counts (registry, `runtimeTrusted`)
 *   tool.*, agent.*        as catalogue and registry say
 *   run.calls/spend/denies/data   reserved or used calls, minor units, denies, data classes that results brought in
 *   instruction.attested, level, approval
 *   confidence             0 to 1, how sure the agent says it is; claimed by the runtime, so absent means unknown
 * Made where a rule of the tool reads them (history.ts, from the run's folded past):
 *   act.distance           0 to 100, how far from the instruction (formula: distance.ts)
 *   run.drift              0 to 100, moving mean of the distances of what was proposed and is consequential, this act included: each moves it a quarter of the way
 *   run.consequential      consequential acts granted so far
 *   run.tokens             tokens that outcomes reported (claimed by the runtime)
 *   run.open               actions that wait or are under way, this one not counted
 *   run.depth              actors the run's token names behind the agent
 *   run.seconds            age of the run
 *   run.tools, run.previous   tools granted so far; the latest of them ('' at first)
 *   tool.sensitivity, run.sensitivity   rank of the most sensitive data class in the bundle's `sensitivity` list, 1 the least; the highest where a class is unknown; 0 while the run touched none
 *   evidence.*             what signed evidence says (evidence.ts): present, verified, passed, by, types, tested, found, fixed, open (found and not fixed), refused (why)
 *   change.*               what the call changes in the system graph (change.ts): nodes, kinds, unknown, marks, blastRadius (how many nodes) and blastWeight (what they weigh by their marks) of everything that depends on them; null where the tool does not say; these three fail, and so raise, where something is unknown
 *   context.<name>         the bundle's own measures: counts, sums and sequences (measures.ts)
 */

/** Facts every proposal has, and whether they were computed from its arguments. What a tool's own extractors add is declared by the bundle. */
export const standardFacts: Readonly<Record<string, boolean>> = {
  target: true, 'target.count': true, 'target.named': true, 'target.trust': true, 'target.from': true, 'target.address': true, 'target.several': false,
  amount: true, currency: false, 'amount.named': true, records: true,
  'text.strange': true, 'date.off': true, 'content.foreign': true,
  'act.asked': false, 'act.done': false,
  'tool.consequential': false, 'tool.reversible': false, 'tool.data': false,
  'agent.roles': false, 'agent.environment': false, 'agent.trusted': false, 'agent.ceiling': false,
  'run.calls': false, 'run.spend': false, 'run.denies': false, 'run.data': false,
  'instruction.attested': false, level: false, approval: false, confidence: false,
};

/** Facts that steer the derivation itself and are no facts of a decision: beginnings of words that ask for the act, free text and dates to search. */
export const steering: ReadonlySet<string> = new Set(['acts', 'verbs', 'objects', 'plurals', 'text', 'content', 'dates', 'amountMajor', 'artefact', ...changeSteering]);

/** `onDemand`: facts about the run's past (history.ts), which no argument can make fail. */
export const namesWith = (declared: readonly string[], onDemand: { has(name: string): boolean } = new Set()): Names => {
  const own = new Set(declared);
  return {
    has: (name) => Object.hasOwn(standardFacts, name) || onDemand.has(name) || own.has(name),
    byArguments: (name) => (Object.hasOwn(standardFacts, name) ? standardFacts[name]! : !onDemand.has(name)),
  };
};
