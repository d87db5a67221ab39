import './catalogue/mcp/published.ts';
import { commands } from './commands.ts';
import { documentOf } from './document/of-command.ts';
import { CannotRun, inWords } from './errors.ts';
import { endTicks, flushed } from './output.ts';
import { helpOf, index, meant } from './help.ts';

/** Exit codes (DESIGN 15): 0 did what was asked, 1 ran and found something wrong, 2 could not run. */
const [name = 'help', ...rest] = process.argv.slice(2);
const words = rest.filter((word) => !word.startsWith('-'));
const say = (text: string, code = 0): never => {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return process.exit(code);
};

if (name === 'help' || name === '--help' || name === '-h') say(words.length === 0 ? index() : helpOf(words) ?? meant(words[0]!), words.length === 0 || helpOf(words) !== undefined ? 0 : 2);
const command = Object.hasOwn(commands, name) ? commands[name]! : say(meant(name), 2);
if (rest.includes('--help') || rest.includes('-h')) say(helpOf([name, ...words])!);
if (rest.includes('--example')) {
  const document = documentOf([name, ...words]);
  say(document === undefined ? `There is no example for this: countersign ${name} --help says which files it takes.` : document.kind.example.trimEnd(), document === undefined ? 2 : 0);
}
try {
  process.exitCode = await (await command.load())(rest);
} catch (error) {
  endTicks();
  const { message, stack = message, path } = error as Error & { readonly path?: string };
  process.stderr.write(`${error instanceof CannotRun || inWords(message) !== message && path !== undefined ? inWords(message) : stack}\n`);
  process.exitCode = 2;
}
await flushed();
// Connections to brokers and databases keep a process alive; what had to be finished is finished.
process.exit();
