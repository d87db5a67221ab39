import type { Names } from '../cel/compile.ts';

/** Facts every proposal has, and whether they were computed from its arguments. What a tool's own extractors add is declared by the bundle. */
export const standardFacts: Readonly<Record<string, boolean>> = {
  target: true, 'target.count': true, 'target.named': true, 'target.trust': true, 'target.from': true, 'target.address': true, 'target.several': false,
  amount: true, currency: false, 'amount.named': true, records: true,
  'text.strange': true, 'date.off': true,
  'act.asked': false, 'act.done': false,
  'tool.consequential': false, 'tool.reversible': false, 'tool.data': false,
  'agent.roles': false, 'agent.environment': false, 'agent.trusted': false, 'agent.ceiling': false,
  'run.calls': false, 'run.spend': false, 'run.denies': false, 'run.data': false,
  'instruction.attested': false, level: false, approval: false,
};

/** Facts that steer the derivation itself and are no facts of a decision: beginnings of words that ask for the act, free text and dates to search. */
export const steering: ReadonlySet<string> = new Set(['acts', 'verbs', 'objects', 'plurals', 'text', 'dates', 'amountMajor']);

export const namesWith = (declared: readonly string[]): Names => {
  const own = new Set(declared);
  return { has: (name) => Object.hasOwn(standardFacts, name) || own.has(name), byArguments: (name) => (Object.hasOwn(standardFacts, name) ? standardFacts[name]! : true) };
};
