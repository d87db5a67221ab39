import { RE2JS } from '@bufbuild/re2';

const longest = 500;
const largest = 5_000;

/** A sequence of characters and plain classes, each with a count or none. */
const sequence = /^\^(?:(?:\[[A-Za-z0-9._ @/-]+\]|[A-Za-z0-9 _@/-])(?:\{\d+(?:,\d*)?\}|[*+?])?)*\$$/;
const open = /[*+?]|\{\d+,\d*\}/g;

/** Where no more than one part of a plain sequence may vary in length, JavaScript's own engine has one way back through the text: linear as well, and ten times faster. */
const triesOnce = (source: string): boolean => sequence.test(source) && (source.match(open)?.length ?? 0) <= 1;

/** A `pattern` of a JSON Schema that takes time in proportion to the text, whatever the pattern (RE2). Throws, with the remedy, on one that RE2 cannot take. */
export const linearPattern = (source: string): { test(text: string): boolean; toString(): string } => {
  const refused = (why: string): Error => new Error(`the pattern ${JSON.stringify(source.slice(0, 100))} cannot be checked in linear time (${why}); write it in RE2's syntax: no look-around, no back references, at most ${longest} characters`);
  if (source.length > longest) throw refused('too long');
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    throw refused((error as Error).message.replace('error parsing regexp: ', ''));
  }
  if (compiled.re2Input.prog.inst.length > largest) throw refused('its counts multiply to too much');
  const plain = triesOnce(source) ? new RegExp(source, 'u') : compiled;
  return { test: (text) => plain.test(text), toString: () => source };
};

/** What Ajv calls for `pattern` and `patternProperties`. It keeps compiled ones apart by their text. */
export const linearPatterns = Object.assign((source: string) => linearPattern(source), { code: 'linearPattern' });
