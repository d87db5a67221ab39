/** An amount in integer minor units of an ISO 4217 currency (cents of EUR). Never a float, never without its currency. */
export interface Money {
  readonly minor: number;
  readonly currency: string;
}

/** Sums two amounts. Throws on different currencies: that is a bug of the caller, who must convert first. */
export const addMoney = (a: Money, b: Money): Money => {
  if (a.currency !== b.currency) throw new Error(`cannot add ${b.currency} to ${a.currency}`);
  const minor = a.minor + b.minor;
  if (!Number.isSafeInteger(minor)) throw new Error('amount beyond the safe integers');
  return { minor, currency: a.currency };
};

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** How many decimals a currency has by ISO 4217, as Intl knows it (EUR 2, JPY 0, KWD 3); undefined of a code that is no currency. */
export const decimalsOf = (currency: string): number | undefined =>
  (currencies.has(currency) ? new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits : undefined);

/** `260.00 EUR`: as people read an amount everywhere. Of a currency that nobody knows the decimals are not known either, and minor units are said to be such. */
export const moneyText = ({ minor, currency }: Money): string => {
  const decimals = decimalsOf(currency);
  if (decimals === undefined || !Number.isSafeInteger(minor) || minor < 0) return `${minor} minor units of ${currency}`;
  const digits = String(minor).padStart(decimals + 1, '0');
  return `${decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`} ${currency}`;
};

/** An amount as people write it, `210.00EUR` or `210 EUR`: major units, with no more decimals than the currency has. A text where it cannot be read: why. */
export const readMoney = (text: string): Money | string => {
  const [, whole, fraction = '', currency] = /^(\d{1,15})(?:\.(\d{1,6}))? ?([A-Z]{3})$/.exec(text) ?? [];
  if (whole === undefined || currency === undefined) return 'it is an amount and a currency';
  const decimals = decimalsOf(currency);
  if (decimals === undefined) return `${currency} is no currency`;
  if (fraction.length > decimals) return `${currency} has ${decimals === 0 ? 'no decimals' : `${decimals} decimals at most`}`;
  const minor = Number(`${whole}${fraction.padEnd(decimals, '0')}`);
  return Number.isSafeInteger(minor) ? { minor, currency } : 'it is more than can be counted';
};
