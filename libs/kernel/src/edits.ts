/** How many letters to change, add or take away to make one word of the other (Levenshtein's distance). Quadratic: for short words. */
export const edits = (a: string, b: string): number => {
  const from = [...a], to = [...b];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of from.entries()) {
    const next = [i + 1];
    for (const [j, other] of to.entries()) next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + Number(letter !== other)));
    row = next;
  }
  return row[to.length]!;
};
