import type { TemplateDefinition } from '@countersign/contracts';
import { moneyText } from '@countersign/kernel';

/** What a run may have; money null: any amount. */
export type Limits = TemplateDefinition['limits'];

/** Of what `inner` lets a run have more than `outer`. Another currency cannot be told to be less. */
export const largerLimits = (inner: Limits, outer: Limits): readonly ('calls' | 'money')[] => [
  ...(inner.calls > outer.calls ? ['calls' as const] : []),
  ...(outer.money !== null && (inner.money === null || inner.money.currency !== outer.money.currency || inner.money.minor > outer.money.minor) ? ['money' as const] : []),
];
export const limitsText = ({ calls, money }: Limits): string => `${calls} calls and ${money === null ? 'any amount of money' : moneyText(money)} in a run`;
