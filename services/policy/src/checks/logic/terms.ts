/** A term of SMT-LIB 2.6 as text. */
export type Term = string;

export const yes: Term = 'true';
export const no: Term = 'false';

/** Whether one of them is the negation of another. */
const opposed = (parts: readonly Term[]): boolean => parts.length > 1 && parts.some((part) => part.startsWith('(not ') && parts.includes(part.slice(5, -1)));

export const and = (...parts: readonly Term[]): Term => {
  const real = [...new Set(parts)].filter((part) => part !== yes);
  return real.includes(no) || opposed(real) ? no : real.length === 0 ? yes : real.length === 1 ? real[0]! : `(and ${real.join(' ')})`;
};
export const or = (...parts: readonly Term[]): Term => {
  const real = [...new Set(parts)].filter((part) => part !== no);
  return real.includes(yes) || opposed(real) ? yes : real.length === 0 ? no : real.length === 1 ? real[0]! : `(or ${real.join(' ')})`;
};
export const not = (part: Term): Term => (part === yes ? no : part === no ? yes : part.startsWith('(not ') ? part.slice(5, -1) : `(not ${part})`);
export const ite = (test: Term, a: Term, b: Term): Term => (test === yes || a === b ? a : test === no ? b : a === yes && b === no ? test : a === no && b === yes ? not(test) : `(ite ${test} ${a} ${b})`);

const literal = /^(?:-?\d+|\(- \d+\)|"(?:[^"]|"")*")$/;
export const equal = (a: Term, b: Term): Term => {
  if (a === b) return yes;
  if (b === yes) return a;
  if (b === no) return not(a);
  if (a === yes) return b;
  if (a === no) return not(b);
  return literal.test(a) && literal.test(b) ? no : `(= ${a} ${b})`;
};

export const int = (value: number): Term => (value < 0 ? `(- ${-value})` : String(value));

/** A double exactly, as a fraction of integers. */
export const real = (value: number): Term => {
  let bottom = 1n;
  let top = value;
  while (!Number.isInteger(top)) { top *= 2; bottom *= 2n; }
  const digits = BigInt(Math.abs(top));
  const fraction = bottom === 1n ? `${digits}.0` : `(/ ${digits}.0 ${bottom}.0)`;
  return value < 0 ? `(- ${fraction})` : fraction;
};

export const text = (value: string): Term => `"${[...value].map((char) => (char === '"' ? '""' : char === '\\' || char < ' ' || char > '~' ? `\\u{${char.codePointAt(0)!.toString(16)}}` : char)).join('')}"`;

/** Collects declarations, definitions and assumptions in the order they are made; names are made of what they stand for. */
export interface Script {
  readonly lines: readonly string[];
  /** Declares a constant once; the same key gives the same name. */
  constant(key: string, sort: 'Bool' | 'Int' | 'Real' | 'String'): Term;
  /** Names a term, so that what uses it stays short. */
  named(sort: 'Bool' | 'Int' | 'Real' | 'String', term: Term): Term;
  assume(term: Term): void;
  /** What makes a case easier to look at; never needed. */
  prefer(term: Term): void;
  readonly preferred: readonly Term[];
}

const short = 24;

export const createScript = (): Script => {
  const lines: string[] = [];
  const preferred: Term[] = [];
  const constants = new Map<string, Term>();
  const definitions = new Map<string, Term>();
  return {
    lines, preferred,
    prefer: (term) => { preferred.push(term); },
    constant: (key, sort) => {
      const known = constants.get(`${sort} ${key}`);
      if (known !== undefined) return known;
      const name = `c${constants.size}`;
      constants.set(`${sort} ${key}`, name);
      lines.push(`(declare-const ${name} ${sort})`);
      return name;
    },
    named: (sort, term) => {
      if (term.length <= short) return term;
      const known = definitions.get(`${sort} ${term}`);
      if (known !== undefined) return known;
      const name = `d${definitions.size}`;
      definitions.set(`${sort} ${term}`, name);
      lines.push(`(define-fun ${name} () ${sort} ${term})`);
      return name;
    },
    assume: (term) => { if (term !== yes) lines.push(`(assert ${term})`); },
  };
};
