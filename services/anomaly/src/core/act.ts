import { hashText, keyOf } from './hash.ts';
import type { ActionSeen, Sign, Trust } from './observation.ts';

/** An action as numbers: everything that is compared, nothing that names anybody. */
export interface Act {
  readonly tool: number;
  /** The tool of the run's action before; `start` for the first. */
  readonly previous: number;
  readonly consequential: 0 | 1;
  /** How doubtful the origin of the target is, 0 (the instruction, or no target) to 4 (strangers' text). */
  readonly doubt: number;
  /** The tool in whose result the target was read; 0: none. */
  readonly from: number;
  /** Bits of `signs`, and of `refused`. */
  readonly signs: number;
  readonly targets: readonly number[];
}

export const start = hashText('^');

/** Policy's ranks of provenance as doubt: what nobody gave is as doubtful as a page that the user named, since an agent may have worded it anew. */
const doubts: Record<Trust, number> = { none: 0, instruction: 0, record: 1, directory: 1, alias: 2, document: 3, nowhere: 3, third_party: 4 };
export const mostDoubt = 4;

const bits: Record<Sign, number> = { act_unasked: 1, other_day: 2, amount_unnamed: 4, strange_text: 8, foreign_content: 16, claimed: 32 };
export const refused = 64;
/** Bits up to this one say that the instruction does not ask for it; those between it and `refused` that strangers' words or addresses are in it. */
export const mostUnasked = 4;

/** Targets compared per action; more are as good as none for a habit. */
const mostTargets = 16;

export const actOf = (seen: ActionSeen, previous: number): Act => {
  let signs = seen.denied ? refused : 0;
  for (const sign of seen.signs) signs |= bits[sign];
  const targets: number[] = [];
  for (let i = 0; i < seen.targets.length && i < mostTargets; i++) targets.push(hashText(seen.targets[i]!));
  return { tool: hashText(seen.tool), previous, consequential: seen.consequential ? 1 : 0, doubt: doubts[seen.trust], from: seen.from === null ? 0 : hashText(seen.from), signs, targets };
};

/** What tables count, one kind per question. Each counts runs in which it happened at least once: no single run can teach much. */
const kind = { run: 1, tool: 2, before: 3, pair: 4, class: 5, doubt: 6, classDoubt: 7, sign: 8, classSign: 9, from: 10, target: 11, distinct: 12, tasks: 13, tools: 14 } as const;

const runKey = keyOf(kind.run, 0), tasksKey = keyOf(kind.tasks, 0), toolsKey = keyOf(kind.tools, 0);

export const keys = {
  run: (): number => runKey,
  tool: (tool: number): number => keyOf(kind.tool, tool),
  before: (previous: number): number => keyOf(kind.before, previous),
  pair: (previous: number, tool: number): number => keyOf(kind.pair, previous, tool),
  class: (consequential: number): number => keyOf(kind.class, consequential),
  /** Doubt of at least this much. */
  doubt: (tool: number, doubt: number): number => keyOf(kind.doubt, tool, doubt),
  classDoubt: (consequential: number, doubt: number): number => keyOf(kind.classDoubt, consequential, doubt),
  sign: (tool: number, bit: number): number => keyOf(kind.sign, tool, bit),
  classSign: (consequential: number, bit: number): number => keyOf(kind.classSign, consequential, bit),
  from: (tool: number, from: number): number => keyOf(kind.from, tool, from),
  target: (tool: number, target: number): number => keyOf(kind.target, tool, target),
  /** Different tasks, and different tools, so far. */
  tasks: (): number => tasksKey,
  tools: (): number => toolsKey,
  /** Different targets so far. */
  distinct: (tool: number): number => keyOf(kind.distinct, tool),
};

/** What a run would teach: keys to count once, those about classes of tools apart, and targets as (tool, target) in turn. */
export interface Lessons { readonly own: number[]; readonly tools: number[]; readonly classes: number[]; readonly targets: number[] }

/** Most that one run can teach, and so hold in memory. */
const mostKeys = 512;
/** Entries of `targets`, two for each. */
const mostTargetsOfRun = 128;

/** Adds what an action would teach. */
export const noteLessons = (act: Act, { own, tools, classes, targets }: Lessons): void => {
  if (own.length >= mostKeys) return;
  own.push(keys.tool(act.tool), keys.before(act.previous), keys.pair(act.previous, act.tool));
  tools.push(act.tool);
  classes.push(keys.class(act.consequential));
  for (let doubt = 1; doubt <= act.doubt; doubt++) {
    own.push(keys.doubt(act.tool, doubt));
    classes.push(keys.classDoubt(act.consequential, doubt));
  }
  for (let bit = 1; bit <= refused; bit <<= 1) if ((act.signs & bit) !== 0) {
    own.push(keys.sign(act.tool, bit));
    classes.push(keys.classSign(act.consequential, bit));
  }
  if (act.from !== 0) own.push(keys.from(act.tool, act.from));
  for (const target of act.targets) if (targets.length < mostTargetsOfRun) targets.push(act.tool, target);
};
