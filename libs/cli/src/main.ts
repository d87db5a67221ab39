import './catalogue/mcp/published.ts';
import { commands } from './commands.ts';
import { CannotRun } from './errors.ts';

/** Exit codes (DESIGN 15): 0 did what was asked, 1 ran and found something wrong, 2 could not run. */
const [name = 'help', ...rest] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  const help = Object.entries(commands).map(([word, one]) => `  ${word.padEnd(10)} ${one.summary}`).join('\n');
  process.stderr.write(`${name === 'help' || name === '--help' ? '' : `There is no command "${name}".\n\n`}countersign <command> [--help]\n\n${help}\n`);
  process.exit(name === 'help' || name === '--help' ? 0 : 2);
}
if (rest.includes('--help')) {
  process.stdout.write(`${command.usage}\n`);
  process.exit(0);
}
try {
  process.exitCode = await (await command.load())(rest);
} catch (error) {
  process.stderr.write(`${error instanceof CannotRun ? error.message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
// Connections to brokers and databases keep a process alive; what had to be finished is finished.
process.exit();
