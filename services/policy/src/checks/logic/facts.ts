import { parseCel } from '../../core/cel/parse.ts';
import { noEvidence } from '../../core/facts/evidence.ts';
import { contextNames } from '../../core/facts/history.ts';
import { standardFacts, steering } from '../../core/facts/names.ts';
import type { CatalogueTool } from '../types.ts';
import { encode } from './encode.ts';
import { absent, anyList, anyOf, boolean, choose, failure, fails, known, oneOf, under, united, unknown, when } from './possible.ts';
import type { Possible } from './possible.ts';
import { fitting, someText } from './schema.ts';
import { and, equal, not, or, text, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';

/** The facts of one tool, each made when it is first asked for. */
export interface Facts {
  value(name: string): Possible;
  /** Every fact asked for so far. */
  readonly asked: ReadonlyMap<string, Possible>;
  readonly consequential: Term; readonly reversible: Term;
}
export interface FactsInput {
  readonly script: Script;
  /** A tool of the catalogue; null for one that nobody declared yet. */
  readonly tool: CatalogueTool | null;
  /** Facts that some tool of the catalogue derives: what a tool lacks of them is missing for good, others a service may supply. */
  readonly derivable: ReadonlySet<string>;
  note(why: string): void;
}
type Make = (facts: Facts, own: (name: string) => Possible | undefined, input: FactsInput, name: string) => Possible;

const maxTargets = 64;
export const trusts = ['instruction', 'record', 'directory', 'alias', 'document', 'third_party', 'nowhere'] as const;
const first = (value: Possible): Term => (value[0] as { readonly term: Term }).term;
const count = (most?: number): Make => (_, __, { script }, name) => counted(script, name, most);
const counted = (script: Script, key: string, most?: number): Possible => {
  const value = anyOf(script, key, 'int');
  script.assume(`(>= ${first(value)} 0)`);
  if (most !== undefined) script.assume(`(<= ${first(value)} ${most})`);
  return value;
};
const flag: Make = (_, __, { script }, name) => anyOf(script, name, 'bool');
const word: Make = (_, __, { script }, name) => anyOf(script, name, 'string');
const words: Make = (_, __, { script }, name) => anyList(script, name, (item) => anyOf(script, item, 'string'));
const among = (...values: readonly string[]): Make => (_, __, { script }, name) => someText(script, name, values);
/** A fact that only a tool with this extractor can have set. */
const about = (extractor: string, failing = false): Make => (_, own, { script }, name) =>
  (own(extractor) === undefined ? known(false) : failing ? oneOf(script, `${name}#sound`, [anyOf(script, name, 'bool'), failure(true)]) : anyOf(script, name, 'bool'));

/** From 0 to 1. */
const sure = (script: Script): Possible => {
  const value = anyOf(script, 'confidence', 'double');
  script.assume(`(<= 0.0 ${first(value)} 1.0)`);
  return value;
};

/** What `deriveFacts` may come to, fact by fact; how facts go together is assumed where one of them is made. */
const makers: Readonly<Record<string, Make>> = {
  target: (_, own, input) => targets(own('target'), input),
  'target.count': (facts, _, input) => ofTargets(facts, input, (length) => [{ when: yes, kind: 'int', term: length }]),
  'target.trust': (facts, _, input) => ofTargets(facts, input, (length) => {
    const trust = someText(input.script, 'target.trust', trusts);
    input.script.assume(or(not(equal(length, '0')), equal(first(trust), text('nowhere'))));
    return trust;
  }),
  'target.named': (facts, _, input) => ofTargets(facts, input, () => boolean(equal(first(facts.value('target.trust').filter(({ kind }) => kind === 'string')), text('instruction')))),
  'target.from': (facts, _, input) => ofTargets(facts, input, () => oneOf(input.script, 'target.from', [known(null), anyOf(input.script, 'target.from', 'string')])),
  'target.address': (facts, _, input) => ofTargets(facts, input, (length) => boolean(and(not(equal(length, '0')), input.script.constant('target.address', 'Bool')))),
  amount: (_, own, input) => amounts(own, input),
  'amount.named': (facts, own, { script }) => {
    const amount = facts.value('amount');
    const unread = own('amountMajor') === undefined ? fails(own('amount') ?? [], true) : 'false';
    const none = or(when(amount, 'null'), unread);
    return united(script, [...under(none, known(true)), ...under(and(not(none), when(amount, 'int')), anyOf(script, 'amount.named', 'bool')), ...under(and(not(none), not(when(amount, 'int'))), failure(true))]);
  },
  currency: (_, own) => own('currency') ?? absent,
  records: (_, own) => own('records') ?? absent,
  'text.strange': about('text', true), 'content.foreign': about('content'), 'date.off': about('dates'),
  'act.asked': flag, 'act.done': count(), 'target.several': flag,
  'tool.consequential': (facts) => boolean(facts.consequential), 'tool.reversible': (facts) => boolean(facts.reversible),
  'tool.data': (_, __, { tool, script }) => (tool === null ? anyList(script, 'tool.data', (item) => anyOf(script, item, 'string')) : known(tool.dataClasses)),
  'agent.roles': words, 'agent.environment': word, 'agent.trusted': flag,
  'agent.ceiling': (_, __, { script }) => counted(script, 'agent.ceiling', 2),
  'run.calls': count(), 'run.spend': count(), 'run.denies': count(), 'run.data': words,
  'instruction.attested': flag, level: among('normal', 'raised', 'high', 'stale'), approval: among('none', 'approved', 'denied', 'expired', 'cancelled'),
  'act.distance': count(100), 'run.drift': count(100), 'run.consequential': count(), 'run.tokens': count(), 'run.open': count(), 'run.depth': count(), 'run.seconds': count(),
  'run.tools': words, 'run.previous': word, 'tool.sensitivity': count(64), 'run.sensitivity': count(64),
  confidence: (_, __, { script }) => oneOf(script, 'confidence', [absent, sure(script)]),
  ...Object.fromEntries(Object.entries(noEvidence).map(([name, value]) => [name, typeof value === 'boolean' ? flag : words])),
};

/** Facts that are derived and have no maker here: anything goes, and it is said. */
export const untyped: readonly string[] = [...Object.keys(standardFacts), ...contextNames].filter((name) => !Object.hasOwn(makers, name));

export const createFacts = (input: FactsInput): Facts => {
  const { script, tool, note } = input;
  const asked = new Map<string, Possible>();
  const extracted = new Map<string, Possible | undefined>();
  const own = (name: string): Possible | undefined => {
    if (tool === null) return name === 'target' || name === 'amount' || Object.hasOwn(standardFacts, name) || steering.has(name) ? (name === 'amountMajor' ? undefined : unknown(script, `extractor ${name}`, false)) : undefined;
    if (!extracted.has(name)) extracted.set(name, Object.hasOwn(tool.facts, name) ? extract(tool.facts[name]!, input) : undefined);
    return extracted.get(name);
  };
  const make = (name: string): Possible => {
    if (Object.hasOwn(makers, name)) return makers[name]!(facts, own, input, name);
    if (name.startsWith('context.')) return oneOf(script, name, [anyOf(script, `${name}#bool`, 'bool'), counted(script, `${name}#int`), failure(false)]);
    const derived = own(name);
    if (derived !== undefined) return derived;
    if (Object.hasOwn(standardFacts, name) || contextNames.includes(name)) note(`fact ${name}`);
    else if (tool !== null && input.derivable.has(name)) return absent;
    return oneOf(script, `fact ${name}?`, [absent, unknown(script, `fact ${name}`, Object.hasOwn(standardFacts, name) || contextNames.includes(name) || tool === null)]);
  };
  const facts: Facts = {
    asked, consequential: tool === null ? script.constant('tool.consequential', 'Bool') : tool.consequential ? yes : 'false', reversible: tool === null ? script.constant('tool.reversible', 'Bool') : tool.reversible ? yes : 'false',
    value: (name) => {
      if (!asked.has(name)) asked.set(name, make(name));
      return asked.get(name)!;
    },
  };
  return facts;
};

/** An extractor over every argument that the tool's schema lets through; its errors are the arguments' fault. */
const extract = (source: string, { script, tool, note }: FactsInput): Possible =>
  encode(parseCel(source), {
    script, note, names: { has: (name) => name === 'args', byArguments: () => true },
    value: () => ({ value: fitting(script, 'args', tool!.schema), key: 'args' }),
  }).map((one) => (one.kind === 'fail' ? { ...one, byArguments: true } : one));

/** Targets are texts: a single one counts as a list of one, nothing as an empty list. */
const targets = (own: Possible | undefined, { script }: FactsInput): Possible => {
  if (own === undefined) return known([]);
  if (own.every((one) => one.kind === 'fail' || (one.kind === 'list' && one.list.items.every((item) => item.every(({ kind }) => kind === 'string'))))) return own;
  const failed = fails(own, true);
  return united(script, [...under(failed, failure(true)), ...under(not(failed), anyList(script, 'target', (item) => anyOf(script, item, 'string')))]);
};

/** Facts about targets: none of them is known where there are too many, and an extractor that failed leaves no target. */
const ofTargets = (facts: Facts, { script }: FactsInput, make: (length: Term) => Possible): Possible => {
  const target = facts.value('target');
  const length = target.reduce<Term>((rest, one) => (one.kind === 'list' ? (rest === '0' && target.length === 1 ? one.list.length : `(ite ${one.when} ${one.list.length} ${rest})`) : rest), '0');
  const named = script.named('Int', length);
  return choose(script, /^\d+$/.test(named) ? 'false' : `(> ${named} ${maxTargets})`, failure(true), make(named));
};

/** Whether it is a currency as `amountOf` takes one: three capital letters. */
const isCurrency = (value: Possible): Term => or(...value.map((one) => (one.kind !== 'string' ? 'false'
  : and(one.when, /^"(?:[^"]|"")*"$/.test(one.term) ? (/^"[A-Z]{3}"$/.test(one.term) ? yes : 'false') : `(str.in_re ${one.term} ((_ re.^ 3) (re.range "A" "Z")))`))));

/** An amount counts in whole minor units, not negative, with its currency; anything else is the arguments' fault. */
const amounts = (own: (name: string) => Possible | undefined, { script }: FactsInput): Possible => {
  const major = own('amountMajor'), plain = own('amount');
  if (major === undefined && plain === undefined) return known(null);
  const currency = script.named('Bool', isCurrency(own('currency') ?? absent));
  const counted = (value: Possible): Possible => united(script, value.flatMap((one) => (one.kind === 'null' || one.kind === 'fail' ? [one]
    : under(one.when, one.kind === 'int' ? choose(script, and(currency, `(>= ${one.term} 0)`), [{ ...one, when: yes }], failure(true)) : failure(true)))));
  if (major === undefined) return counted(plain!);
  return united(script, major.flatMap((one) => {
    if (one.kind === 'fail' || one.kind === 'null') return under(one.when, counted(plain ?? known(null)));
    if (one.kind !== 'int' && one.kind !== 'double') return under(one.when, failure(true));
    const minor = anyOf(script, `amount of ${one.kind}`, 'int');
    const whole = one.kind === 'int' ? `(= ${first(minor)} (* 100 ${one.term}))` : `(= (to_real ${first(minor)}) (* 100.0 ${one.term}))`;
    // Hundredths within a rounding error count as whole: which amounts those are is not modelled, so a fraction may or may not be one.
    return under(one.when, choose(script, one.kind === 'int' ? whole : or(whole, script.constant('amount nearly whole', 'Bool')), counted(minor), failure(true)));
  }));
};
