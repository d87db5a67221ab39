import { CannotRun } from '../errors.ts';

/** `5000EUR` in minor units. */
export const moneyOf = (text: string, option: string): { readonly minor: number; readonly currency: string } => {
  const money = /^(\d{1,15})([A-Z]{3})$/.exec(text);
  if (money === null) throw new CannotRun(`${option} is minor units and a currency such as 5000EUR (EUR 50.00), not "${text}".`);
  return { minor: Number(money[1]), currency: money[2]! };
};

/** `10m` as seconds. */
export const secondsOf = (text: string, option: string): number => {
  const time = /^(\d{1,4})(s|m|h)$/.exec(text);
  if (time === null) throw new CannotRun(`${option} is a time from now such as 10m, not "${text}".`);
  return Number(time[1]) * { s: 1, m: 60, h: 3_600 }[time[2] as 's' | 'm' | 'h'];
};
