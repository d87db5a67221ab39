import { RE2JS } from '@bufbuild/re2';
import { caps } from './scope.ts';

const longest = 500;

/** A pattern of `matches`, in RE2's syntax: linear in the text, whatever the pattern. */
export interface Pattern { test(text: string): boolean; cost(text: string): number }

/** Compiles a pattern. Throws where it is none, or so long that matching would be dear. */
export const pattern = (source: string): Pattern => {
  if (source.length > longest) throw new Error(`a pattern has at most ${longest} characters`);
  const compiled = RE2JS.compile(source);
  const size = compiled.re2Input.prog.inst.length;
  return { test: (text) => compiled.test(text), cost: (text) => (text.length > caps.text ? Infinity : 1 + Math.floor(text.length * size / 32)) };
};
