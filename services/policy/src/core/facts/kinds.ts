import { anyKind, kind, kindOf } from '../cel/kinds.ts';
import type { Kinds } from '../cel/kinds.ts';
import type { Value } from '../cel/value.ts';
import { noEvidence } from './evidence.ts';
import type { MeasureSpec } from './measures.ts';

const { boolean, number, text, list } = kind;
const fixed: Readonly<Record<string, Kinds>> = {
  target: list | text, 'target.count': number, 'target.named': boolean, 'target.trust': text, 'target.from': text | kind.null, 'target.address': boolean, 'target.several': boolean,
  amount: number | kind.null, 'amount.named': boolean, 'text.strange': boolean, 'content.foreign': boolean, 'date.off': boolean, 'act.asked': boolean, 'act.done': number,
  'tool.consequential': boolean, 'tool.reversible': boolean, 'tool.data': list, 'tool.sensitivity': number,
  'agent.roles': list, 'agent.environment': text, 'agent.trusted': boolean, 'agent.ceiling': number,
  'run.calls': number, 'run.spend': number, 'run.denies': number, 'run.data': list, 'run.sensitivity': number,
  'act.distance': number, 'run.drift': number, 'run.consequential': number, 'run.tokens': number, 'run.open': number, 'run.depth': number, 'run.seconds': number, 'run.tools': list, 'run.previous': text,
  'instruction.attested': boolean, level: text, approval: text, confidence: number,
  ...Object.fromEntries(Object.entries(noEvidence).map(([name, value]) => [name, kindOf(value as Value)])),
};

/** What a fact may be, for those whose kind policy itself decides; anything for what tools derive and people supply. */
export const factKinds = (measures: Readonly<Record<string, MeasureSpec>>) => (name: string): Kinds => {
  if (Object.hasOwn(fixed, name)) return fixed[name]!;
  const measure = name.startsWith('context.') ? measures[name.slice('context.'.length)] : undefined;
  return measure === undefined ? anyKind : measure.happened === undefined ? number : boolean;
};
