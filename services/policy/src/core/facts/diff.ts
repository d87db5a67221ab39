const fileLine = /^(?:--- |\+\+\+ )(?:"((?:[^"\\]|\\.)*)"|([^\t\n\r]+))/;
// Any character (s) ends the line's match at its first ` b/`: were one refused, each later ` b/` would be tried to the end.
const gitLine = /^diff --git (?:"a\/((?:[^"\\]|\\.)*)"|a\/(.*?)) (?:"b\/((?:[^"\\]|\\.)*)"|b\/(.*))$/s;
const movedLine = /^(?:rename|copy) (?:from|to) (.+)$/s;

/**
 * Paths of the files that a unified diff (as diff -u or git write it) changes, old and new names alike, each once; at most `most` + 1.
 * Lines inside hunks are counted off by the hunk's header, so that changed text that looks like a header names no file.
 */
export const pathsOfDiff = (text: string, most: number): string[] => {
  const found = new Set<string>();
  let removed = 0, added = 0;
  for (const line of text.split(/\r?\n/)) {
    // No line of a hunk begins otherwise: the header lied about its length, and what follows is not hidden behind it.
    if ((removed > 0 || added > 0) && /^(?:[ +\-\\]|$)/.test(line)) {
      if (line.startsWith('-')) removed--;
      else if (line.startsWith('+')) added--;
      else if (!line.startsWith('\\')) { removed--; added--; }
      continue;
    }
    removed = added = 0;
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) {
      removed = Number(hunk[1] ?? 1);
      added = Number(hunk[2] ?? 1);
      continue;
    }
    for (const path of pathsIn(line)) if (path !== '/dev/null') found.add(path);
    if (found.size > most) break;
  }
  return [...found];
};

const pathsIn = (line: string): string[] => {
  const file = fileLine.exec(line);
  if (file !== null) return [withoutSide(unquoted(file[1]) ?? file[2]!.trimEnd())];
  const git = gitLine.exec(line);
  if (git !== null) return [unquoted(git[1]) ?? git[2]!, unquoted(git[3]) ?? git[4]!];
  const moved = movedLine.exec(line);
  return moved === null ? [] : [moved[1]!];
};

/** git writes a/ and b/ before the paths. */
const withoutSide = (path: string): string => path.replace(/^[ab]\//, '');
/** C-style quoting: what is escaped stays as it is and so is found in no graph, which is the safe side. */
const unquoted = (text: string | undefined): string | undefined => text?.replace(/\\(["\\])/g, '$1');
