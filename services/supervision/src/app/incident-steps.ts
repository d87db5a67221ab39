import type { HaltScope, ToolSnapshot } from '@countersign/contracts';
import type { Step } from '../core/playbook.ts';
import type { PlaybookRun } from '../core/playbook-run.ts';
import { rootOf, stageOf } from '../core/recovery.ts';
import { halt } from './halt.ts';
import type { HaltBook, TellRun } from './ports.ts';
import type { StepWork } from './playbooks.ts';
import { recoverHalt } from './recover.ts';
import type { RecoverPorts } from './recover.ts';

interface Seen { readonly runs: number; readonly waiting: number; readonly underWay: number; readonly unknown: number; readonly done: number; readonly reversals: number; readonly agents: readonly string[]; readonly tools: readonly string[] }

export interface IncidentPorts extends RecoverPorts {
  readonly book: HaltBook;
  readonly tell: TellRun;
  readonly tenant: string;
  readonly now: () => number;
  readonly picture: (scope: HaltScope, since: number) => Promise<Seen>;
  readonly runs: (scope: HaltScope, limit: number) => Promise<readonly { readonly run: string; readonly agent: string; readonly status: string }[]>;
  readonly ran: (scope: HaltScope, since: number, limit: number) => Promise<readonly { readonly run: string; readonly action: string; readonly tool: string; readonly reversibleUntil: number | null; readonly reversal: string | null }[]>;
  readonly tool: (name: string) => Pick<ToolSnapshot, 'consequential' | 'compensator'> | undefined;
  /** Ends a run for good; answers how many actions that waited were closed. Throws where it cannot. */
  readonly terminate: (run: string, by: string, reason: string) => Promise<number>;
  /** How many enforcement points have to confirm. */
  readonly points: () => number;
}

const most = 500, listed = 25, day = 86_400_000;
const name = ({ kind, id }: HaltScope): string => (id === null ? kind : `${kind} ${id}`);
/** The name of what a step sets: the same one however often it is begun. */
export const haltOf = (run: PlaybookRun): string => `playbook:${run.id}`;
const pictured = ({ runs, waiting, underWay, unknown, done, reversals, agents, tools }: Seen): string =>
  `${runs} runs go on, ${waiting} actions wait, ${underWay} may be running, of ${unknown} nobody knows what came, ${done} were done within a day, ${reversals} are being taken back; agents ${agents.join(', ') || 'none'}; tools ${tools.join(', ') || 'none'}`;

/** What each step of a playbook does, through the same functions as when a person does it. */
export const createIncidentSteps = (ports: IncidentPorts): StepWork => {
  const { book, tell, tenant, now } = ports;

  const compensations = async (scope: HaltScope, withinMs: number): Promise<string> => {
    const ran = (await ports.ran(scope, now() - withinMs, most)).filter(({ tool }) => ports.tool(tool)?.consequential !== false);
    const can = ran.filter(({ tool, reversibleUntil, reversal }) => ports.tool(tool)?.compensator != null && reversibleUntil !== null && reversibleUntil > now() && (reversal === null || reversal === 'failed'));
    const lines = can.slice(0, listed).map(({ run, action, tool }) => `countersign reverse ${run} ${action} --reason TEXT   (${tool} by ${ports.tool(tool)!.compensator})`);
    return [`${ran.length === most ? `the last ${most}` : ran.length} actions changed something; ${can.length} can be taken back, ${ran.length - can.length} cannot or are being`, ...lines, ...(can.length > listed ? [`and ${can.length - listed} more`] : [])].join('\n');
  };

  const revoke = async (run: PlaybookRun): Promise<string> => {
    const found = await ports.runs(run.scope, most);
    let closed = 0;
    for (const one of found) closed += await ports.terminate(one.run, run.by, `playbook ${run.playbook.name}: ${run.reason}`.slice(0, 2_000).toWellFormed());
    return `${found.length} runs ended for good${found.length === most ? ' (there may be more: run it again)' : ''}, ${closed} waiting actions closed`;
  };

  const resume = async (run: PlaybookRun, step: Extract<Step, { do: 'resume' }>): Promise<string | undefined> => {
    const root = haltOf(run), inForce = (await book.inForce()).filter((notice) => rootOf(notice.halt) === root);
    const there = inForce.length === 1 && stageOf(inForce[0]!.halt) === step.stage && JSON.stringify(inForce[0]!.except?.agents ?? null) === JSON.stringify(step.agents === null ? null : [...step.agents]);
    if (inForce.length === 0) return 'nothing of the halt is in force any more';
    if (there) return `goes on: ${step.stage}`;
    const who = run.confirmed[step.id]?.at(-1) ?? run.by;
    const answer = await recoverHalt(ports, root, { stage: step.stage, agents: step.agents, by: who, reason: `playbook ${run.playbook.name}, step ${step.id}`, now: now() });
    if (answer.status === 'ok') return answer.step.next === null ? 'the halt is over' : `goes on: ${step.stage}, ${answer.step.next.except?.tools?.length ?? 0} tools${step.agents === null ? '' : ` of ${step.agents.join(', ')}`}`;
    // Whoever has not confirmed yet may do so in a moment, and what did not answer may answer.
    return undefined;
  };

  return {
    perform: async (run, step) => {
      switch (step.do) {
        case 'halt': {
          const paths = await halt(book, tell, { tenant, halt: haltOf(run), scope: run.scope, mode: 'halt', by: run.by, reason: `playbook ${run.playbook.name}: ${run.reason}`.slice(0, 2_000).toWellFormed(), now: now() });
          return `${name(run.scope)} is halted (${haltOf(run)})${paths.topic && paths.database ? '' : `; ${paths.topic ? 'the database' : 'the topic'} did not take it`}`;
        }
        case 'snapshot': return pictured(await ports.picture(run.scope, now() - day));
        case 'revoke': return revoke(run);
        case 'compensations': return compensations(run.scope, step.withinMs);
        case 'resume': return resume(run, step);
      }
    },
    rehearse: async (scope, step) => {
      const asks = step.people === null ? '' : `after ${step.people.quorum} of ${step.people.roles.join(', ')} confirmed it: `;
      switch (step.do) {
        case 'halt': return `${asks}would halt ${name(scope)}; ${ports.points()} enforcement points would have to confirm it`;
        case 'snapshot': return `${asks}would write down: ${pictured(await ports.picture(scope, now() - day))}`;
        case 'revoke': { const runs = await ports.runs(scope, most); return `${asks}would end ${runs.length} runs for good and close what waits in them${runs.length === 0 ? '' : `: ${runs.slice(0, listed).map(({ run, agent }) => `${run} of ${agent}`).join(', ')}`}`; }
        case 'compensations': return `${asks}would list: ${await compensations(scope, step.withinMs)}`;
        case 'resume': return `${asks}would let go on: ${step.stage === 'all' ? 'everything' : `${ports.tools().filter(({ consequential, reversible }) => !consequential || (step.stage === 'reversible' && reversible)).length} tools (${step.stage})`}${step.agents === null ? '' : ` of ${step.agents.join(', ')}`}`;
      }
    },
  };
};
