import type { Redaction } from '../redact.ts';
import type { AwaitedSpec, DeferralSpec } from './awaited.ts';
import type { Dimension } from './dimensions.ts';
import { matrixShape } from './matrix-shape.ts';
import type { MatrixSpec } from './matrix-shape.ts';
import type { Complain } from './problem.ts';
import { patterns, ruleShape } from './rule-shape.ts';
import { approvalShape, object, only, text, texts } from './shape.ts';

/** People who decide: one role of `route` each, `quorum` different people, within `expiresIn` (`30m`). */
export interface ApprovalSpec { readonly route: readonly string[]; readonly quorum: number; readonly expiresIn: string }

/** What holds when the rule matches, beside its tier. Of several rules' obligations the strictest hold. */
export interface ObligationsSpec {
  readonly approval?: ApprovalSpec;
  /** How long what ran can be reversed; the longest of all holds. */
  readonly reversalWindow?: string;
  /** The argument at `path` (`args.payment.memo`) becomes what the CEL in `value` gives, from facts and parameters. */
  readonly rewrite?: readonly { readonly path: string; readonly value: string }[];
  /** Arguments that become the text `[redacted]`, or lose what their texts have of one kind. */
  readonly redact?: readonly (string | { readonly path: string; readonly what: Redaction })[];
}
export interface RuleSpec {
  readonly id: string; readonly owner: string; readonly rationale: string; readonly tools: readonly string[]; readonly when: string;
  readonly tier?: 1 | 2 | 3 | 4; readonly decision?: 'deny' | 'defer' | 'step_up'; readonly obligations?: ObligationsSpec;
  readonly regulation?: readonly string[]; readonly dimension?: Dimension;
}
/** A rule bundle: bundle.yaml with parameters.yaml and the lists of rules/ put in. The JSON Schemas in services/policy/schemas say the same for editors. */
export interface BundleSpec {
  readonly version: string; readonly description?: string; readonly owner?: string; readonly parameters?: Readonly<Record<string, number | string | boolean>>;
  /** Names of facts that tools' own extractors add and rules read. */
  readonly facts?: readonly string[];
  readonly permit: readonly string[]; readonly neverAutomate?: readonly string[];
  readonly approval?: ApprovalSpec; readonly senior?: ApprovalSpec;
  /** What every run may use: calls, money, tokens its outcomes report, actors behind its agent, actions under way at once. */
  readonly budget?: { readonly calls?: number; readonly money?: { readonly minor: number; readonly currency: string }; readonly tokens?: number; readonly depth?: number; readonly fanOut?: number };
  /** Whose evidence counts (evidence-spec.ts). */
  readonly evidence?: unknown;
  /** The share of changes made without a person that people look at afterwards, blind: a keyed pseudo-random sample. */
  readonly review?: { readonly rate: number };
  /** Budgets wider than a run (budgets-spec.ts). */
  readonly budgets?: unknown;
  /** Measures of a run's past, read as `context.<name>` (context-spec.ts). */
  readonly context?: unknown;
  /** Data classes, the least sensitive first. */
  readonly sensitivity?: readonly string[];
  /** Facts that others owe: a rule that reads one before it is there defers the action (awaited.ts). */
  readonly awaited?: Readonly<Record<string, AwaitedSpec>>;
  readonly deferral?: DeferralSpec;
  /** Whom people's decisions need beside what rules say, and by which clock (asking/people-spec.ts). */
  readonly people?: unknown;
  /** The tier that each dimension of risk calls for (matrix-shape.ts). */
  readonly matrix?: MatrixSpec;
  readonly rules: readonly RuleSpec[];
}

const fields = ['version', 'description', 'owner', 'parameters', 'facts', 'permit', 'neverAutomate', 'approval', 'senior', 'budget', 'budgets', 'evidence', 'context', 'sensitivity', 'matrix', 'awaited', 'deferral', 'people', 'review', 'rules'];
const maxRules = 10_000;
const factName = /^[A-Za-z][A-Za-z0-9_]{0,63}(?:\.[A-Za-z][A-Za-z0-9_]{0,63}){0,4}$/;

/** Checks the shape of a bundle and reports every problem with its path. */
export const readBundle = (value: unknown, complain: Complain): BundleSpec | undefined => {
  if (!object(value)) return void complain('', 'a bundle is a map');
  only(value, fields, '', complain);
  if (!text(value['version'], 128)) complain('version', 'a text of at most 128 characters is needed');
  for (const [name, max] of [['description', 2_000], ['owner', 128]] as const) if (value[name] !== undefined && !text(value[name], max)) complain(name, `is a text of at most ${max} characters`);
  if (!patterns(value['permit'])) complain('permit', 'a list of tools is needed: names, or beginnings that end in *');
  if (value['neverAutomate'] !== undefined && !patterns(value['neverAutomate'])) complain('neverAutomate', 'is a list of tools: names, or beginnings that end in *');
  if (value['facts'] !== undefined && (!texts(value['facts'], { max: 200, each: 200 }) || !value['facts'].every(isFactName))) complain('facts', 'is a list of names, such as customers.count');
  for (const name of ['approval', 'senior'] as const) if (value[name] !== undefined) approvalShape(value[name], name, complain);
  parameters(value['parameters'], complain);
  budget(value['budget'], complain);
  reviewShape(value['review'], complain);
  matrixShape(value['matrix'], complain);
  const { rules } = value;
  if (!Array.isArray(rules) || rules.length > maxRules) return void complain('rules', `a list of at most ${maxRules} rules is needed`);
  const seen = new Set<unknown>();
  rules.forEach((rule: unknown, i) => ruleShape(rule, `rules[${i}]`, seen, complain));
  return value as unknown as BundleSpec;
};

/** Names that every object has are no facts: a lookup would find what nobody put there. */
const isFactName = (name: string): boolean => factName.test(name) && !(name in {});

const parameters = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('parameters', 'a map of numbers, texts and booleans is needed');
  for (const [name, item] of Object.entries(value)) {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) complain(`parameters.${name}`, 'a name has letters, digits and _');
    // What is no safe integer was rounded when it was read: nobody meant the number it became.
    const fine = (typeof item === 'string' && item.length <= 4_000) || typeof item === 'boolean' || (typeof item === 'number' && Number.isFinite(item) && (Number.isSafeInteger(item) || !Number.isInteger(item)));
    if (!fine) complain(`parameters.${name}`, 'is a number (integers up to 2^53 - 1), a text or true or false');
  }
};

const reviewShape = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('review', 'is a map');
  only(value, ['rate'], 'review', complain);
  if (typeof value['rate'] !== 'number' || !(value['rate'] > 0 && value['rate'] <= 1)) complain('review.rate', 'is a share above 0, at most 1');
};

const budget = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('budget', 'is a map');
  only(value, ['calls', 'money', 'tokens', 'depth', 'fanOut'], 'budget', complain);
  for (const name of ['calls', 'tokens', 'fanOut']) if (value[name] !== undefined && (!Number.isSafeInteger(value[name]) || (value[name] as number) < 1)) complain(`budget.${name}`, 'is an integer of at least 1');
  if (value['depth'] !== undefined && (!Number.isSafeInteger(value['depth']) || (value['depth'] as number) < 0)) complain('budget.depth', 'is an integer of at least 0');
  const money = value['money'];
  if (money === undefined) return;
  if (!object(money) || !Number.isSafeInteger(money['minor']) || !/^[A-Z]{3}$/.test(String(money['currency']))) return complain('budget.money', 'needs minor (integer) and currency (ISO 4217)');
  only(money, ['minor', 'currency'], 'budget.money', complain);
};
