import type { Fact, Json } from '@countersign/contracts';
import type { FailedFact } from '../../core/facts/derive.ts';
import type { Case, Possible } from './possible.ts';
import type { Term } from './terms.ts';

/** Facts as `evaluateRules` takes them. */
export interface Witness { readonly facts: Readonly<Record<string, Fact>>; readonly failed: readonly FailedFact[]; /** Whether a condition that was asked for as well holds. */ readonly says?: (term: Term) => boolean }

/** What a solver says of terms: `true`, `-3`, `(/ 1 2)`, `"a\u{e9}"`. */
export type Answer = (term: Term) => string;

/** Terms whose values tell what a value is. */
export const termsOf = (value: Possible): Term[] => value.flatMap((one): Term[] => [
  one.when, ...('term' in one ? [one.term] : []),
  ...(one.kind === 'list' ? [one.list.length, ...one.list.items.flatMap(termsOf)] : []),
  ...(one.kind === 'map' ? [...one.fields.values()].flatMap((field) => [field.there, ...termsOf(field.value)]) : []),
]);

const mostListed = 500;

/** What a value is in the solver's model; null for an error. */
export const valueIn = (value: Possible, answer: Answer): { readonly value: Json } | { readonly byArguments: boolean } | null => {
  const one = value.find(({ when }) => answer(when) === 'true');
  return one === undefined || one.kind === 'absent' ? null : one.kind === 'fail' ? { byArguments: one.byArguments } : { value: plain(one, answer) };
};

const plain = (one: Case, answer: Answer): Json => {
  switch (one.kind) {
    case 'null': case 'fail': case 'absent': return null;
    case 'bool': return answer(one.term) === 'true';
    case 'int': case 'double': return numberOf(answer(one.term));
    case 'string': return textOf(answer(one.term));
    case 'list': {
      const length = Math.min(mostListed, numberOf(answer(one.list.length)));
      return Array.from({ length }, (_, i) => {
        const item = one.list.items[i] === undefined ? null : valueIn(one.list.items[i], answer);
        // Elements that are not looked at are made so that they equal nothing a rule names.
        return item !== null && 'value' in item ? item.value : `(element ${i})`;
      });
    }
    case 'map': return Object.fromEntries([...one.fields].flatMap(([name, field]) => {
      const inner = answer(field.there) === 'true' ? valueIn(field.value, answer) : null;
      return inner !== null && 'value' in inner ? [[name, inner.value] as const] : [];
    }));
  }
};

/** Facts of a model, ready to be decided by the real rules. */
export const witnessOf = (asked: ReadonlyMap<string, Possible>, answer: Answer): Witness => {
  const facts: Record<string, Fact> = {};
  const failed: FailedFact[] = [];
  for (const [name, value] of asked) {
    const found = valueIn(value, answer);
    if (found !== null && 'value' in found) facts[name] = { value: found.value, origin: 'derived' };
    else if (found !== null) failed.push({ fact: name, why: 'could not be derived', byArguments: found.byArguments });
  }
  return { facts, failed };
};

const numberOf = (said: string): number => {
  const parts = said.replaceAll(/[()]/g, ' ').trim().split(/\s+/);
  const sign = parts.filter((part) => part === '-').length % 2 === 1 ? -1 : 1;
  const numbers = parts.filter((part) => /^\d/.test(part)).map(Number);
  return sign * (parts.includes('/') ? numbers[0]! / numbers[1]! : numbers[0] ?? 0) + 0;
};

const textOf = (said: string): string =>
  said.slice(1, -1).replaceAll('""', '"').replaceAll(/\\u\{([0-9a-fA-F]+)\}|\\u([0-9a-fA-F]{4})/g, (_, braced: string | undefined, four: string | undefined) => String.fromCodePoint(parseInt((braced ?? four)!, 16))).toWellFormed();

/** Reads `((term value) …)` of a get-value. */
export const answersIn = (said: string, asked: readonly Term[]): Map<Term, string> => {
  const tokens = said.match(/"(?:[^"]|"")*"|[()]|[^\s()"]+/g) ?? [];
  let at = 0;
  const read = (): string => {
    const token = tokens[at++];
    if (token !== '(') return token ?? '';
    const parts: string[] = [];
    while (at < tokens.length && tokens[at] !== ')') parts.push(read());
    at++;
    return `(${parts.join(' ')})`;
  };
  const answers = new Map<Term, string>();
  at = 1;
  for (const term of asked) {
    at++;
    read();
    answers.set(term, read());
    at++;
  }
  return answers;
};
