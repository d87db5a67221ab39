/** A command gets its arguments and answers with its exit code. */
export type Command = (args: readonly string[]) => Promise<number>;

interface Entry { readonly summary: string; readonly usage: string; readonly load: () => Promise<Command> }

export const commands: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'the demonstration that `npm start` shows',
    usage: 'npm start\n  Runs the demo company against a running Countersign until Ctrl-C.',
    load: async () => (await import('./demo/start.ts')).start,
  },
  replay: {
    summary: 'plays recorded agent sessions through Countersign',
    usage: 'npm run replay -- [FILE] [--limit N] [--bus kafka|embedded] [--approver none|approve|deny] [--parallel N] [--json]\n  FILE: sessions as JSON Lines (.gz allowed); without it a few sample sessions.\n  --approver none leaves requests pending without waiting; approve and deny vote on each.',
    load: async () => (await import('./replay/replay.ts')).replay,
  },
  audit: {
    summary: 'verifies or exports the record',
    usage: 'countersign audit verify [DIR | --url URL] [--key VKEY] [--offline] [--json]\ncountersign audit export DIR [--url URL]\n  verify recomputes the signed root from every entry. Without DIR the log of the running Countersign.\n  --key: the verifier key (name+hash+key); without it the one beside the export, or the one the service gives, which proves less.',
    load: async () => (await import('./audit/command.ts')).audit,
  },
  bench: {
    summary: 'measures, each against a baseline of the same run',
    usage: 'npm run bench -- [bus] [decide] [audit] [policy] [--quick] [--json]',
    load: async () => (await import('./bench/bench.ts')).bench,
  },
};
