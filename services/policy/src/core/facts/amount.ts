import type { Money } from '@countersign/contracts';
import { newScope } from '../cel/scope.ts';
import { Failure } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import type { CompiledTool } from '../rules/compile.ts';
import type { FailedFact } from '../world.ts';

/** What the tool's own extractors read out of the arguments; those that fail are added to `failed`. `only` names the ones that are wanted. */
export const extract = (tool: CompiledTool, args: Value, failed: FailedFact[], only?: ReadonlySet<string>): Record<string, Value> => {
  const values: Record<string, Value> = {};
  const scope = newScope([args]);
  for (const [fact, expression] of tool.extractors) {
    if (only !== undefined && !only.has(fact)) continue;
    const value = expression.run(scope);
    if (value instanceof Failure) failed.push({ fact, why: value.why, byArguments: true });
    else values[fact] = value;
  }
  return values;
};

/** The amount in minor units, from `amount` or from `amountMajor` (hundredths of which it must be a whole number of), never negative, with its currency (ISO 4217); null where there is none. */
export const amountOf = (own: Readonly<Record<string, Value>>): number | null | Failure => {
  const major = own['amountMajor'];
  let amount: Value = own['amount'] ?? null;
  if (major !== undefined && major !== null) {
    const minor = typeof major === 'number' ? Math.round(major * 100) : Number.NaN;
    if (!Number.isSafeInteger(minor) || Math.abs((major as number) * 100 - minor) >= 1e-6) return new Failure('no amount in whole minor units', true);
    amount = minor;
  }
  if (amount === null) return null;
  if (!Number.isSafeInteger(amount) || (amount as number) < 0) return new Failure('no integer amount in minor units', true);
  // Without a currency it would be counted against no budget at all.
  const currency = own['currency'];
  return typeof currency === 'string' && currencyShape.test(currency) ? amount as number : new Failure('an amount without a currency of three capital letters', true);
};

const currencyShape = /^[A-Z]{3}$/;

/** What an action would move: an amount counts only with its currency (a tool that names none fixes it in its extractor). */
export const moneyFrom = (amount: unknown, currency: unknown): Money | null =>
  (typeof amount !== 'number' || typeof currency !== 'string' || !currencyShape.test(currency) || !Number.isSafeInteger(amount) || amount < 0 ? null : { minor: amount, currency });

const aboutMoney: ReadonlySet<string> = new Set(['amount', 'amountMajor', 'currency']);

/** The same, from the arguments of a proposal that is not judged yet. */
export const moneyIn = (tool: CompiledTool, args: Value): Money | null => {
  const own = extract(tool, args, [], aboutMoney);
  return moneyFrom(amountOf(own), own['currency']);
};
