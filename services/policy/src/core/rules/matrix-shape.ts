import { dimensions } from './dimensions.ts';
import type { Dimension } from './dimensions.ts';
import type { Complain } from './problem.ts';
import { patterns } from './rule-shape.ts';
import { object, only, text } from './shape.ts';

type Thresholds = Readonly<Partial<Record<'2' | '3' | '4', number>>>;

/** What one fact means for the tier; exactly one of `from` (tier from this value on), `below` (tier below it) and `values` (tier of each value). */
export interface MatrixLineSpec {
  readonly fact: string; readonly tools?: readonly string[]; readonly consequential?: true; readonly ceiling?: 1 | 2; readonly currency?: string;
  readonly from?: Thresholds; readonly below?: Thresholds;
  readonly values?: Readonly<Record<string, 1 | 2 | 3 | 4>>; readonly otherwise?: 1 | 2 | 3 | 4;
}
export type MatrixSpec = Readonly<Partial<Record<Dimension, MatrixLineSpec | readonly MatrixLineSpec[]>>>;

export const linesOf = (lines: MatrixLineSpec | readonly MatrixLineSpec[]): readonly MatrixLineSpec[] => (Array.isArray(lines) ? lines as readonly MatrixLineSpec[] : [lines as MatrixLineSpec]);

const fields = ['fact', 'tools', 'consequential', 'ceiling', 'currency', 'from', 'below', 'values', 'otherwise'];
const isTier = (value: unknown): boolean => [1, 2, 3, 4].includes(value as number);

/** Reports whatever is wrong with a bundle's `matrix`. */
export const matrixShape = (value: unknown, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value)) return complain('matrix', 'is a map from dimensions to what they call for');
  only(value, dimensions, 'matrix', complain);
  for (const [dimension, lines] of Object.entries(value)) {
    const path = `matrix.${dimension}`;
    if (!Array.isArray(lines)) line(lines, path, complain);
    else if (lines.length === 0 || lines.length > 50) complain(path, 'has 1 to 50 lines');
    else lines.forEach((one: unknown, i) => line(one, `${path}[${i}]`, complain));
  }
};

const line = (value: unknown, path: string, complain: Complain): void => {
  if (!object(value)) return complain(path, 'is a map of fact and one of from, below, values');
  only(value, fields, path, complain);
  const { fact, tools, consequential, ceiling, currency, values, otherwise } = value;
  if (!text(fact, 300)) complain(`${path}.fact`, 'names a fact');
  if (tools !== undefined && (!patterns(tools) || tools.length === 0)) complain(`${path}.tools`, 'a list of tools is needed: names, or beginnings that end in *');
  if (consequential !== undefined && consequential !== true) complain(`${path}.consequential`, 'is true, or left out');
  if (ceiling !== undefined && ceiling !== 1 && ceiling !== 2) complain(`${path}.ceiling`, 'is 1 or 2');
  if (currency !== undefined && !/^[A-Z]{3}$/.test(String(currency))) complain(`${path}.currency`, 'is an ISO 4217 code');
  if (['from', 'below', 'values'].filter((kind) => value[kind] !== undefined).length !== 1) complain(path, 'needs exactly one of from, below, values');
  thresholds(value['from'], `${path}.from`, (lower, higher) => lower <= higher, complain);
  thresholds(value['below'], `${path}.below`, (lower, higher) => lower >= higher, complain);
  if (values !== undefined && (!object(values) || Object.keys(values).length === 0 || Object.keys(values).length > 200 || !Object.values(values).every(isTier))) complain(`${path}.values`, 'is a map from values to tiers');
  if (otherwise !== undefined && (!isTier(otherwise) || values === undefined)) complain(`${path}.otherwise`, 'is a tier, beside values');
};

const thresholds = (value: unknown, path: string, ordered: (lower: number, higher: number) => boolean, complain: Complain): void => {
  if (value === undefined) return;
  if (!object(value) || Object.keys(value).length === 0) return complain(path, 'is a map from tier (2, 3, 4) to a number');
  only(value, ['2', '3', '4'], path, complain);
  const numbers = Object.keys(value).sort().map((tier) => value[tier]);
  if (!numbers.every((one): one is number => typeof one === 'number' && Math.abs(one) <= Number.MAX_SAFE_INTEGER)) return complain(path, 'has numbers up to 2^53 - 1');
  if (!numbers.every((one, i) => i === 0 || ordered(numbers[i - 1] as number, one))) complain(path, 'a higher tier has the more extreme number');
};
