import type { ActsSpec, MeasureSpec } from '../facts/measures.ts';
import { duration } from './duration.ts';
import type { Complain } from './problem.ts';
import { object } from './shape.ts';

const texts = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '');
const mostMeasures = 200;
const kinds = ['count', 'sum', 'happened'] as const;

/** Reads a bundle's `context:` (name → measure of the run's past) and reports every problem with its path. */
export const readContext = (value: unknown, complain: Complain): Readonly<Record<string, MeasureSpec>> => {
  if (value === undefined) return {};
  if (!object(value)) {
    complain('context', 'a map from names to measures is needed');
    return {};
  }
  const names = Object.keys(value);
  if (names.length > mostMeasures) complain('context', `has more than ${mostMeasures} measures`);
  return Object.fromEntries(names.flatMap((name) => {
    const path = `context.${name}`;
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) complain(path, 'a name has letters, digits and _');
    const read = measureOf(value[name], path, complain);
    return read === undefined ? [] : [[name, read]];
  }));
};

const measureOf = (value: unknown, path: string, complain: Complain): MeasureSpec | undefined => {
  if (!object(value)) return void complain(path, 'a measure is a map');
  for (const name of Object.keys(value)) if (![...kinds, 'currency', 'within', 'since'].includes(name)) complain(`${path}.${name}`, 'is no known field');
  const chosen = kinds.filter((kind) => value[kind] !== undefined);
  if (chosen.length !== 1) return void complain(path, 'needs exactly one of count, sum, happened');
  const kind = chosen[0]!;
  const { currency, within, since } = value;
  if (kind === 'sum' ? typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency) : currency !== undefined) complain(`${path}.currency`, 'goes with sum: an ISO 4217 code');
  const withinMs = typeof within === 'string' ? duration(within) : undefined;
  if (within !== undefined && withinMs === undefined) complain(`${path}.within`, 'is a number with ms, s, m, h or d');
  const of = acts(value[kind], `${path}.${kind}`, complain);
  const back = since === undefined ? undefined : acts(since, `${path}.since`, complain);
  if (kind === 'sum' && of.denied === true) complain(`${path}.sum.denied`, 'what was denied moved no money');
  return { [kind]: of, ...(kind === 'sum' && { currency: currency as string }), ...(withinMs !== undefined && { withinMs }), ...(back !== undefined && { since: back }) };
};

const acts = (value: unknown, path: string, complain: Complain): ActsSpec => {
  if (!object(value)) {
    complain(path, 'says which acts: tools, data, consequential, denied');
    return {};
  }
  for (const name of Object.keys(value)) if (!['tools', 'data', 'consequential', 'denied'].includes(name)) complain(`${path}.${name}`, 'is no known field');
  for (const name of ['tools', 'data'] as const) if (value[name] !== undefined && !texts(value[name])) complain(`${path}.${name}`, 'a list of texts is needed');
  for (const name of ['consequential', 'denied'] as const) if (value[name] !== undefined && typeof value[name] !== 'boolean') complain(`${path}.${name}`, 'is true or false');
  return value as ActsSpec;
};

/** A bundle's data classes from the least to the most sensitive. */
export const readSensitivity = (value: unknown, complain: Complain): readonly string[] | undefined => {
  if (value === undefined) return undefined;
  if (!texts(value) || value.length > 64 || new Set(value).size !== value.length) return void complain('sensitivity', 'a list of up to 64 data classes, the least sensitive first, each once');
  return value;
};
