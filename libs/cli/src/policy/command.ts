import type { Command } from '../commands.ts';
import { CannotRun } from '../errors.ts';
import { usage as backtestUsage } from './backtest/usage.ts';

interface Subcommand { readonly usage: string; readonly load: () => Promise<Command> }

/** `countersign policy <name>`: one file per subcommand, loaded when it is asked for. */
export const subcommands: Readonly<Record<string, Subcommand>> = {
  backtest: {
    usage: backtestUsage,
    load: async () => (await import('./backtest-command.ts')).backtest,
  },
  test: {
    usage: 'countersign policy test DIR [--catalogue FILE] [--coverage] [--json]\n  Runs the bundle\'s tests/*.test.yaml. --coverage also asks that every rule was seen to fire and not to fire.',
    load: async () => (await import('./test-command.ts')).test,
  },
  draw: {
    usage: 'countersign policy draw --sessions FILE [--out picture.svg] [--json]\n  Injected calls stopped against people asked, over the parameters of the AgentDojo pack, on recorded sessions (JSON Lines, .gz allowed).',
    load: async () => (await import('./draw-command.ts')).draw,
  },
};

export const policyUsage = Object.values(subcommands).map(({ usage }) => usage).join('\n');

export const policy: Command = async ([name, ...rest]) => {
  const found = name !== undefined && Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (found === undefined) throw new CannotRun(`Say what to do with the policy: ${Object.keys(subcommands).join(', ')}.\n${policyUsage}`);
  return (await found.load())(rest);
};
