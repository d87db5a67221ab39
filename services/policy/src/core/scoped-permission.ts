import type { Fact, JsonObject, Money } from '@countersign/contracts';
import { coversResource } from '@countersign/kernel';
import type { Scoped } from './permissions.ts';

/** What a permission is held against: the call as it would run, and what its run used before it. */
export interface ScopedCall {
  readonly facts: Readonly<Record<string, Fact>>;
  readonly arguments: JsonObject;
  readonly money: Money | null;
  /** Reserved and settled, this action not counted. */
  readonly used: { readonly calls: number; readonly spend: Money | null };
}

/** Null where one of the permissions lets the call run; else a text that names each and what is beyond it. The runtime reads it: it tells no limit. */
export const beyond = (permissions: Scoped, call: ScopedCall): string | null => {
  const why: string[] = [];
  for (const { role, permission } of permissions) {
    const fault = outsideOf(permission, call);
    if (fault === null) return null;
    why.push(`${role}/${permission.permission}: ${fault}`);
  }
  return why.join('; ').slice(0, 500);
};

type Permission = Scoped[number]['permission'];

const outsideOf = ({ resources = [], limits = {} }: Permission, call: ScopedCall): string | null => {
  for (const { fact, patterns } of resources) {
    const values = valuesOf(fact, call);
    if (values === undefined) return `${fact} is not known`;
    if (!values.every((value) => coversResource(patterns, value))) return `${fact} is outside of it`;
  }
  const { moneyPerAction, moneyPerRun, callsPerRun } = limits;
  if (callsPerRun !== undefined && call.used.calls + 1 > callsPerRun) return 'the run has used its calls';
  if (call.money === null) return null;
  if (moneyPerAction !== undefined && !fits(call.money, null, moneyPerAction)) return 'the amount is beyond what one action may move';
  return moneyPerRun === undefined || fits(call.money, call.used.spend, moneyPerRun) ? null : 'the amount is beyond what a run may move';
};

const fits = (money: Money, before: Money | null, most: Money): boolean =>
  money.currency === most.currency && (before === null || before.currency === most.currency) && (before?.minor ?? 0) + money.minor <= most.minor;

/** The texts under a fact or argument; undefined where there are none, or where only the runtime's word stands behind them. */
const valuesOf = (name: string, { facts, arguments: args }: ScopedCall): readonly string[] | undefined => {
  let value: unknown;
  if (name.startsWith('args.')) {
    value = args;
    for (const step of name.split('.').slice(1)) value = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
  } else {
    const fact = Object.hasOwn(facts, name) ? facts[name]! : undefined;
    value = fact === undefined || fact.origin === 'claimed' ? undefined : fact.value;
  }
  const values = Array.isArray(value) ? value : [value];
  return values.length > 0 && values.every((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') ? values.map(String) : undefined;
};
