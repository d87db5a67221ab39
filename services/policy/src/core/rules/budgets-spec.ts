import type { WiderBudget } from '../budgets.ts';
import { covers } from '@countersign/kernel';
import { duration } from './duration.ts';
import type { Complain } from './problem.ts';

const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const mostBudgets = 32;
const shortest = 60_000;
const longest = 31 * 86_400_000;

/**
 * Reads a bundle's `budgets:`, those wider than a run: `{ id, scope: agent|tool|tenant, tools: [patterns], window: 1h, calls: 100, money: { minor, currency } }`.
 * Windows are aligned to UTC. Reports every problem with its path.
 */
export const readBudgets = (value: unknown, complain: Complain): readonly WiderBudget[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > mostBudgets) {
    complain('budgets', `a list of up to ${mostBudgets} budgets is needed`);
    return [];
  }
  const seen = new Set<unknown>();
  return value.flatMap((one: unknown, i) => {
    const path = `budgets[${i}]`;
    if (!object(one)) {
      complain(path, 'a budget is a map');
      return [];
    }
    if (seen.has(one['id'])) complain(`${path}.id`, 'is used twice');
    seen.add(one['id']);
    return budgetOf(one, path, complain);
  });
};

const budgetOf = (one: Record<string, unknown>, path: string, complain: Complain): WiderBudget[] => {
  let fine = true;
  const wrong = (field: string, why: string): void => {
    fine = false;
    complain(`${path}.${field}`, why);
  };
  for (const name of Object.keys(one)) if (!['id', 'scope', 'tools', 'window', 'calls', 'money', 'rationale', 'owner'].includes(name)) wrong(name, 'is no known field');
  const { id, scope, tools, window, calls, money } = one;
  if (typeof id !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) wrong('id', 'a name of letters, digits, dots and dashes is needed');
  if (scope !== 'agent' && scope !== 'tool' && scope !== 'tenant') wrong('scope', 'is agent, tool or tenant');
  if (tools !== undefined && (!Array.isArray(tools) || tools.length === 0 || !tools.every((tool) => typeof tool === 'string'))) wrong('tools', 'a list of tool patterns is needed');
  const windowMs = typeof window === 'string' ? duration(window) ?? 0 : 0;
  if (windowMs < shortest || windowMs > longest) wrong('window', 'is a time of 1m to 31d');
  if (calls !== undefined && (!Number.isSafeInteger(calls) || (calls as number) < 0)) wrong('calls', 'is an integer of at least 0');
  const amount = money === undefined ? null : moneyOf(money);
  if (amount === undefined) wrong('money', 'needs minor (integer of at least 0) and currency (ISO 4217)');
  if (calls === undefined && money === undefined) wrong('calls', 'a budget needs calls or money');
  for (const name of ['rationale', 'owner']) if (one[name] !== undefined && typeof one[name] !== 'string') wrong(name, 'is a text');
  if (!fine) return [];
  const patterns = (tools ?? ['*']) as readonly string[];
  return [{ id: id as string, scope: scope as WiderBudget['scope'], windowMs, calls: (calls as number | undefined) ?? null, money: amount ?? null, covers: remembered((tool) => patterns.some((pattern) => covers(pattern, tool))) }];
};

const moneyOf = (value: unknown): WiderBudget['money'] | undefined => {
  if (!object(value) || Object.keys(value).some((name) => name !== 'minor' && name !== 'currency')) return undefined;
  const { minor, currency } = value;
  return Number.isSafeInteger(minor) && (minor as number) >= 0 && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) ? { minor: minor as number, currency } : undefined;
};

const remembered = (test: (tool: string) => boolean): ((tool: string) => boolean) => {
  const known = new Map<string, boolean>();
  return (tool) => {
    let answer = known.get(tool);
    if (answer === undefined) {
      answer = test(tool);
      if (known.size < 10_000) known.set(tool, answer);
    }
    return answer;
  };
};
