import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answersIn } from '../logic/model.ts';
import type { Answer } from '../logic/model.ts';
import type { Script, Term } from '../logic/terms.ts';

export type Finding = { readonly status: 'unsat' | 'unknown' } | { readonly status: 'sat'; readonly answer: Answer };
/** One world of facts in which questions are asked: each on its own, all under the script's assumptions. */
export interface World { find(condition: Term, wanted: readonly Term[]): Promise<Finding> }
export interface Solver {
  /** Starts over with this script; it may still grow while questions are asked. */
  world(script: Script): World;
  stop(): void;
}

/** Most one question may take. */
export const questionMs = 5_000;
const startMs = 60_000;

/** Starts z3 in a child process. Rejects where it cannot be started; a question it dies of is answered `unknown`, like all after it. */
export const startSolver = async (budgetMs = 10 * 60_000): Promise<Solver> => {
  const child = fork(fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url)), [], { execArgv: [], env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '', next = 0, dead = false;
  const waiting = new Map<number, (said: string) => void>();
  child.stderr!.on('data', (chunk: Buffer) => { stderr = `${stderr}${chunk.toString()}`.slice(-2_000); });
  const end = (): void => {
    dead = true;
    child.kill('SIGKILL');
    for (const answer of [...waiting.values()]) answer('unknown');
  };
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => { end(); reject(new Error(`z3 did not start: ${stderr}`)); }, startMs);
    child.once('message', () => { clearTimeout(late); resolve(); });
    child.once('error', (error) => { clearTimeout(late); reject(error); });
    child.once('exit', () => { clearTimeout(late); reject(new Error(`z3 did not start: ${stderr}`)); });
  });
  child.on('exit', end).on('error', end);
  child.on('message', ({ id, said, error }: { id: number; said?: string; error?: string }) => waiting.get(id)?.(said ?? `(error "${error}")`));
  const deadline = performance.now() + budgetMs;

  const run = (text: string, fresh: boolean): Promise<string> => new Promise((resolve) => {
    if (dead || performance.now() > deadline) return resolve('unknown');
    const id = next++;
    // z3 keeps to its own time limit in most loops, not in all: what it overruns by far ends the process.
    const late = setTimeout(end, questionMs * 3);
    waiting.set(id, (said) => {
      clearTimeout(late);
      waiting.delete(id);
      resolve(said);
    });
    child.send({ id, text, fresh });
  });

  return {
    stop: end,
    world: (script) => {
      let sent = 0;
      const grown = (): string => {
        const more = script.lines.slice(sent).join('\n');
        sent = script.lines.length;
        return more;
      };
      return {
        find: async (condition, wanted) => {
          const fresh = sent === 0;
          const terms = [...new Set(wanted)].filter((term) => term !== 'true' && term !== 'false');
          const said = await run(`${fresh ? `(set-option :timeout ${questionMs})(set-option :model.completion true)\n` : ''}${grown()}\n(push)(assert ${condition})(check-sat)`, fresh);
          const status = said.trim().split('\n').at(-1)!.trim();
          // What ends a question early is no answer; anything else it complains of is a fault of ours.
          if (said.includes('(error') && !/cancel|timeout|memory|resource/i.test(said)) throw new Error(`the solver was asked wrongly: ${said.slice(0, 300)}`);
          const values = status === 'sat' && terms.length > 0 ? await run(`(get-value (${terms.join(' ')}))(pop)`, false) : await run('(pop)', false);
          if (status !== 'sat') return { status: status === 'unsat' ? 'unsat' : 'unknown' };
          if (values === 'unknown' || values.includes('(error')) return { status: 'unknown' };
          const answers = answersIn(values, terms);
          return { status, answer: (term) => (term === 'true' || term === 'false' ? term : answers.get(term) ?? '') };
        },
      };
    },
  };
};
