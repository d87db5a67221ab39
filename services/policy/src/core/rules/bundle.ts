import { duration } from './duration.ts';
import type { Complain } from './problem.ts';

export { duration };

/** A rule bundle as written: bundle.yaml with parameters.yaml and the lists of rules/ put in; the JSON Schemas in services/policy/schemas say the same for editors. */
export interface ApprovalSpec { readonly route: readonly string[]; readonly quorum: number; readonly expiresIn: string }
export interface RuleSpec {
  readonly id: string; readonly owner: string; readonly rationale: string; readonly tools: readonly string[]; readonly when: string;
  readonly tier?: 1 | 2 | 3 | 4; readonly decision?: 'deny' | 'defer' | 'step_up'; readonly approval?: ApprovalSpec;
}
export interface BundleSpec {
  readonly version: string; readonly description?: string; readonly owner?: string; readonly parameters?: Readonly<Record<string, number | string | boolean>>;
  /** Names of facts that tools' own extractors add and rules read. */
  readonly facts?: readonly string[];
  readonly permit: readonly string[]; readonly neverAutomate?: readonly string[];
  readonly approval?: ApprovalSpec; readonly senior?: ApprovalSpec;
  /** What every run may use: calls, money, tokens its outcomes report, actors behind its agent, actions under way at once. */
  readonly budget?: { readonly calls?: number; readonly money?: { readonly minor: number; readonly currency: string }; readonly tokens?: number; readonly depth?: number; readonly fanOut?: number };
  /** Budgets wider than a run (budgets-spec.ts). */
  readonly budgets?: unknown;
  /** Measures of a run's past, read as `context.<name>` (context-spec.ts). */
  readonly context?: unknown;
  /** Data classes, the least sensitive first. */
  readonly sensitivity?: readonly string[];
  readonly rules: readonly RuleSpec[];
}

const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const texts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');

/** Checks the shape of a parsed bundle and reports every problem with its path. */
export const readBundle = (value: unknown, complain: Complain): BundleSpec | undefined => {
  if (!object(value)) return void complain('', 'a bundle is a map');
  only(value, ['version', 'description', 'owner', 'parameters', 'facts', 'permit', 'neverAutomate', 'approval', 'senior', 'budget', 'budgets', 'context', 'sensitivity', 'rules'], '', complain);
  if (typeof value['version'] !== 'string' || value['version'] === '') complain('version', 'a text is needed');
  for (const name of ['permit', 'neverAutomate', 'facts'] as const) if ((name === 'permit' || value[name] !== undefined) && !texts(value[name])) complain(name, 'a list of texts is needed');
  for (const name of ['approval', 'senior'] as const) if (value[name] !== undefined) approval(value[name], name, complain);
  for (const name of ['description', 'owner']) if (value[name] !== undefined && typeof value[name] !== 'string') complain(name, 'is a text');
  parameters(value['parameters'], complain);
  budget(value['budget'], complain);
  if (!Array.isArray(value['rules'])) return void complain('rules', 'a list is needed');
  const seen = new Set<unknown>();
  value['rules'].forEach((rule: unknown, i) => ruleShape(rule, `rules[${i}]`, seen, complain));
  return value as unknown as BundleSpec;
};

const only = (value: Record<string, unknown>, names: readonly string[], path: string, complain: Complain): void => {
  for (const name of Object.keys(value)) if (!names.includes(name)) complain(`${path}${path && '.'}${name}`, 'is no known field');
};

const parameters = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('parameters', 'a map of numbers, texts and booleans is needed');
  for (const [name, item] of Object.entries(value)) {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) complain(`parameters.${name}`, 'a name has letters, digits and _');
    // What is no safe integer was rounded when it was read: nobody meant the number it became.
    const fine = typeof item === 'string' || typeof item === 'boolean' || (typeof item === 'number' && Number.isFinite(item) && (Number.isSafeInteger(item) || !Number.isInteger(item)));
    if (!fine) complain(`parameters.${name}`, 'is a number (integers up to 2^53 - 1), a text or true or false');
  }
};

const ruleShape = (rule: unknown, path: string, seen: Set<unknown>, complain: Complain): void => {
  if (!object(rule)) return complain(path, 'a rule is a map');
  const id = typeof rule['id'] === 'string' ? rule['id'] : undefined;
  const wrong = (field: string, why: string): void => complain(`${path}${field}`, why, { rule: id });
  only(rule, ['id', 'owner', 'rationale', 'tools', 'when', 'tier', 'decision', 'approval'], '', (field, why) => wrong(`.${field}`, why));
  for (const name of ['id', 'owner', 'rationale', 'when']) if (typeof rule[name] !== 'string' || rule[name] === '') wrong(`.${name}`, 'a text is needed');
  if (seen.has(rule['id'])) wrong('.id', 'is used twice');
  seen.add(rule['id']);
  if (!texts(rule['tools']) || rule['tools'].length === 0) wrong('.tools', 'a list of tool patterns is needed');
  if (rule['tier'] !== undefined && ![1, 2, 3, 4].includes(rule['tier'] as number)) wrong('.tier', 'is 1, 2, 3 or 4');
  if (rule['decision'] !== undefined && !['deny', 'defer', 'step_up'].includes(rule['decision'] as string)) wrong('.decision', 'is deny, defer or step_up');
  if (rule['tier'] === undefined && rule['decision'] === undefined) wrong('', 'needs a tier or a decision');
  if (rule['approval'] !== undefined) approval(rule['approval'], `${path}.approval`, (field, why) => complain(field, why, { rule: id }));
};

const approval = (value: unknown, path: string, complain: Complain): void => {
  if (!object(value) || !texts(value['route']) || value['route'].length === 0 || !Number.isSafeInteger(value['quorum']) || (value['quorum'] as number) < 1) return complain(path, 'needs route (roles) and quorum (at least 1)');
  if (typeof value['expiresIn'] !== 'string' || duration(value['expiresIn']) === undefined) complain(`${path}.expiresIn`, 'is a number with ms, s, m, h or d');
};

const budget = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('budget', 'is a map');
  only(value, ['calls', 'money', 'tokens', 'depth', 'fanOut'], 'budget', complain);
  for (const name of ['calls', 'tokens', 'fanOut']) if (value[name] !== undefined && (!Number.isSafeInteger(value[name]) || (value[name] as number) < 1)) complain(`budget.${name}`, 'is an integer of at least 1');
  if (value['depth'] !== undefined && (!Number.isSafeInteger(value['depth']) || (value['depth'] as number) < 0)) complain('budget.depth', 'is an integer of at least 0');
  const money = value['money'];
  if (money !== undefined && (!object(money) || !Number.isSafeInteger(money['minor']) || typeof money['currency'] !== 'string')) complain('budget.money', 'needs minor (integer) and currency');
};
