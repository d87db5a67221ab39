const isSynopsis = (line: string): boolean => !line.startsWith(' ');
/** The words that may stand at one place of a synopsis: `pause|resume`. */
const alternatives = (line: string, at: number): readonly string[] => (line.split(/\s+/)[at] ?? '').split('|');

/** Whether a usage knows a word after the command's name: `drill` of halt. */
export const knowsWord = (usage: string, word: string): boolean => usage.split('\n').some((line) => isSynopsis(line) && line.startsWith('countersign ') && alternatives(line, 2).includes(word));

/** Of a usage what is about one word of its command; all of it where there is no such word. */
export const usageAbout = (usage: string, word: string | undefined): string => {
  if (word === undefined || !knowsWord(usage, word)) return usage;
  let mine = false;
  return usage.split('\n').filter((line) => {
    if (isSynopsis(line)) return (mine = alternatives(line, 2).includes(word));
    return mine || new RegExp(`\\b${word.replaceAll(/[^a-z-]/g, '')}\\b`).test(line);
  }).join('\n');
};
