import { moneyText, readMoney } from '@countersign/kernel';
import type { Money } from '@countersign/kernel';
import { CannotRun } from '../errors.ts';
import { id } from './inert.ts';

/** `210.00EUR`, in major units as people write it, to what is signed. */
export const moneyOf = (text: string, option: string): Money => {
  const money = readMoney(text);
  if (typeof money === 'string') throw new CannotRun(`${option} is an amount and a currency such as 210.00EUR or 5000EUR (five thousand euros), not "${text}": ${money}.`);
  return money;
};

/** An amount out of an answer, on a terminal. */
export const shownMoney = ({ minor, currency }: Money): string => moneyText({ minor, currency: id(currency) });

/** `10m` as seconds. */
export const secondsOf = (text: string, option: string): number => {
  const time = /^(\d{1,4})(s|m|h)$/.exec(text);
  if (time === null) throw new CannotRun(`${option} is a time from now such as 10m, not "${text}".`);
  return Number(time[1]) * { s: 1, m: 60, h: 3_600 }[time[2] as 's' | 'm' | 'h'];
};
