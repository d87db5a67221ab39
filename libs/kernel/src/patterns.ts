/*
 * Patterns of tool names: `*` stands for any run of characters, none included; everything else for itself. No regular expressions: patterns
 * come from people and agents, and backtracking costs what the longest of them wants.
 */

export const covers = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*');
  const first = parts[0]!;
  if (parts.length === 1) return pattern === name;
  const last = parts[parts.length - 1]!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
};

/** A dot segment, plain or escaped, a backslash, a control or an invisible character: what such a text names is not what it looks like. */
const devious = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)|\\|%(?:2e|2f|5c|25|00)|[\p{Cc}\p{Cf}\u2028\u2029]/iu;

/** Whether one of the patterns covers what a call is about. A text that could name something else than it seems is covered word for word only. */
export const coversResource = (patterns: readonly string[], resource: string): boolean =>
  patterns.some((pattern) => pattern === resource) || (!devious.test(resource) && patterns.some((pattern) => covers(pattern, resource)));

/** Whether everything that `inner` covers is covered by one of `outer`. A `*` of the inner pattern, taken as a letter, is in no literal: only a `*` covers it. */
export const within = (inner: string, outer: readonly string[]): boolean => outer.some((pattern) => covers(pattern, inner));

/** Whether everything that `inner` covers among resources (`coversResource`) is covered by one of `outer`: a text that could name something else than it seems only by itself. */
export const withinResources = (inner: string, outer: readonly string[]): boolean => outer.includes(inner) || (!devious.test(inner) && within(inner, outer));

/** Most patterns that two may have in common before the question is given up. */
const mostInCommon = 64;

/**
 * Patterns that together cover exactly what both cover; empty where that is nothing. Undefined where they would be too many: only patterns with
 * many `*` between letters come to that. Exact: a name that begins both ways takes one letter at a time off whichever has one.
 */
export const intersection = (a: string, b: string): readonly string[] | undefined => {
  if (within(a, [b])) return [a];
  if (within(b, [a])) return [b];
  const known = new Map<number, readonly string[] | undefined>();
  const common = (i: number, j: number): readonly string[] | undefined => {
    const key = i * (b.length + 1) + j;
    if (!known.has(key)) known.set(key, found(i, j));
    return known.get(key);
  };
  const found = (i: number, j: number): readonly string[] | undefined => {
    const [x, y] = [a[i], b[j]];
    if (x === undefined && y === undefined) return [''];
    if (x === '*' && y === '*') return union([before('*', common(i + 1, j)), before('*', common(i, j + 1))]);
    if (x === '*') return y === undefined ? common(i + 1, j) : union([common(i + 1, j), before(y, common(i, j + 1))]);
    if (y === '*') return x === undefined ? common(i, j + 1) : union([common(i, j + 1), before(x, common(i + 1, j))]);
    return x === y ? before(x!, common(i + 1, j + 1)) : [];
  };
  return common(0, 0);
};

/** What scopes have in common, pattern by pattern; undefined where that would be more than `most` patterns. */
export const scopeIntersection = (a: readonly string[], b: readonly string[], most: number): readonly string[] | undefined => {
  const all: string[] = [];
  for (const one of a) {
    for (const other of b) {
      const both = intersection(one, other);
      if (both === undefined) return undefined;
      all.push(...both);
      if (all.length > 16 * most) return undefined;
    }
  }
  const least = reduced(all);
  return least.length > most ? undefined : least;
};

const before = (letter: string, rest: readonly string[] | undefined): readonly string[] | undefined =>
  rest?.map((pattern) => (letter === '*' && pattern.startsWith('*') ? pattern : letter + pattern));

const union = (parts: readonly (readonly string[] | undefined)[]): readonly string[] | undefined => {
  if (parts.includes(undefined)) return undefined;
  const all = reduced(parts.flat() as string[]);
  return all.length > mostInCommon ? undefined : all;
};

/** Without those that another one covers. */
const reduced = (patterns: readonly string[]): readonly string[] => {
  const distinct = [...new Set(patterns.map((pattern) => pattern.replace(/\*+/g, '*')))];
  return distinct.filter((one) => !distinct.some((other) => other !== one && covers(other, one)));
};
