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
  lint: {
    usage: 'countersign policy lint DIR [--catalogue FILE] [--strict] [--json]\n  Rules that are dead, shadowed, contradictory or can only fail, and names nobody reads. --strict: warnings count as well.',
    load: async () => (await import('./lint-command.ts')).lint,
  },
  diff: {
    usage: 'countersign policy diff OLD NEW [--catalogue FILE] [--json]\n  What the new version lets through that the old one stopped, each with facts that show it. Exit 1: something is looser, or may be.',
    load: async () => (await import('./diff-command.ts')).diff,
  },
  draw: {
    usage: 'countersign policy draw --sessions FILE [--out picture.svg] [--json]\n  Injected calls stopped against people asked, over the parameters of the AgentDojo pack, on recorded sessions (JSON Lines, .gz allowed).',
    load: async () => (await import('./draw-command.ts')).draw,
  },
  calibrate: {
    usage: 'countersign policy calibrate [--from TIME] [--to TIME] [--records FILE.jsonl[.gz]]… [--wrong 0.05] [--html FILE] [--json]\n  How sure agents say they are against how right they were: overrides, reversals, failures and blind reviews (weighed by their rate), with a proposed threshold.\n  --records: governed records (npm run replay -- --keep FILE) and events of approvals, in place of the running Countersign. --wrong: the share of wrong actions that is borne.\n  Exit 1: the record has no action with both a claim and a known end.',
    load: async () => (await import('./calibrate-command.ts')).calibrate,
  },
  publish: {
    usage: 'countersign policy publish DIR [--as PERSON] [--json]\n  Checks, tests and signs a bundle\'s folder and publishes it as a version. Nothing is in force by that. Needs the role policy-author.',
    load: async () => (await import('./publish-command.ts')).publish,
  },
  review: {
    usage: 'countersign policy review VERSION --reason TEXT [--as PERSON] [--json]\n  A second person countersigns what the version loosens, for the next activation. Needs the role policy-reviewer.',
    load: async () => (await import('./review-command.ts')).review,
  },
  activate: {
    usage: 'countersign policy activate VERSION [--as PERSON] [--json]\n  Makes it decide. Where it asks less than what is active it waits for a review, and the exit code is 1.',
    load: async () => (await import('./order-command.ts')).activate,
  },
  shadow: {
    usage: 'countersign policy shadow VERSION [--as PERSON] [--json]\n  Lets it decide beside the active version, on the record only.',
    load: async () => (await import('./order-command.ts')).shadow,
  },
  canary: {
    usage: 'countersign policy canary VERSION --percent N [--as PERSON] [--json]\n  For N % of the agents the stricter of both versions decides.',
    load: async () => (await import('./order-command.ts')).canary,
  },
  withdraw: {
    usage: 'countersign policy withdraw [--as PERSON] [--json]\n  Takes away what stands beside the active version.',
    load: async () => (await import('./order-command.ts')).withdraw,
  },
  rollback: {
    usage: 'countersign policy rollback [--as PERSON] [--json]\n  Goes back to what was active before; where that asks less it waits for a review, and the exit code is 1.',
    load: async () => (await import('./order-command.ts')).rollback,
  },
  history: {
    usage: 'countersign policy history [--all] [--as PERSON] [--json]\n  Who published, ordered, reviewed, activated, rolled back, withdrew or was refused, each with the id of its entry in the audit log (--json: with the statement they signed). --all: acknowledgements of evaluators and comparisons too.',
    load: async () => (await import('./history-command.ts')).history,
  },
  status: {
    usage: 'countersign policy status [--as PERSON] [--json]\n  What is in force, what waits, which evaluators have acknowledged, and what the version beside would have decided otherwise.',
    load: async () => (await import('./status-command.ts')).status,
  },
};

export const policyUsage = Object.values(subcommands).map(({ usage }) => usage).join('\n');

export const policy: Command = async ([name, ...rest]) => {
  const found = name !== undefined && Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (found === undefined) throw new CannotRun(`Say what to do with the policy: ${Object.keys(subcommands).join(', ')}.\n${policyUsage}`);
  return (await found.load())(rest);
};
