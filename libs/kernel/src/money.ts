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
