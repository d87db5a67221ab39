import { edits } from '@countersign/kernel';
import { commands } from './commands.ts';
import { documentHelp } from './document/document.ts';
import { documentOf } from './document/of-command.ts';
import { knowsWord, usageAbout } from './usage-about.ts';

/** Everything there is, a line each. */
export const index = (): string => {
  const widest = Math.max(...Object.keys(commands).map((word) => word.length));
  return ['countersign COMMAND …        countersign help COMMAND [WORD]: what it takes', "Out of this folder: npm run -s countersign -- COMMAND …, or once: alias countersign='npm run -s countersign --'", '', ...Object.entries(commands).map(([word, one]) => `  ${word.padEnd(widest)}  ${one.summary}`)].join('\n');
};

/** What `help X Y` and `X Y --help` say. Undefined: there is no such command. */
export const helpOf = ([name = '', ...words]: readonly string[]): string | undefined => {
  if (!Object.hasOwn(commands, name)) return undefined;
  const document = documentOf([name, ...words.slice(0, 2)]);
  return [usageAbout(commands[name]!.usage, words[0]), ...(document === undefined ? [] : ['', documentHelp(document.kind, document.command)])].join('\n');
};

/** What somebody may have meant who typed a command that there is not. */
export const meant = (name: string): string => {
  const under = Object.entries(commands).flatMap(([word, { usage }]) => (knowsWord(usage, name) ? [`countersign ${word} ${name}`] : []));
  const near = Object.keys(commands).filter((word) => edits(word, name) <= Math.min(2, Math.floor(name.length / 2))).map((word) => `countersign ${word}`);
  const offered = [...under, ...near];
  return `There is no command "${name.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, ' ')}".${offered.length === 0 ? '' : ` Did you mean ${offered.join(', or ')}?`} countersign help lists all of them.`;
};
