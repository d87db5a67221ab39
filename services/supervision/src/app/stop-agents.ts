import type { AgentSnapshot, HaltNotice } from '@countersign/contracts';
import type { ActionStore, HaltBook, TellRun } from './ports.ts';

export type AgentStanding = Pick<AgentSnapshot, 'agent' | 'tenant' | 'status' | 'version' | 'because'>;

export interface StopPorts {
  readonly store: Pick<ActionStore, 'work' | 'cancel' | 'lose'>;
  readonly book: Pick<HaltBook, 'add'>;
  readonly tell: TellRun;
  readonly tenant: string;
  /** A short digest of a text. */
  readonly digest: (text: string) => string;
  readonly now: () => number;
  readonly onError: (error: Error, what: string) => void;
}

export interface AgentStops {
  /** The registry says how an agent stands. What is to be done is done at once, and tried again until it holds. */
  take(agent: AgentStanding): void;
  /** A notice of the halts topic, ours among them. */
  heard(notice: HaltNotice): void;
  /** Both snapshots are whole: from here on what was taken counts. */
  begin(): void;
  /** What is left over, and what was decided before policy had heard of the stop; called twice a second. */
  sweep(): Promise<void>;
}

/** Halts of this kind come and go with the status of an agent, and with nothing else. */
const prefix = 'agent:';
export const isAgentStop = (halt: string): boolean => halt.startsWith(prefix);

/** Most actions and runs in one go. */
const most = 200;
const stopped = (status: AgentSnapshot['status']): boolean => status === 'suspended' || status === 'decommissioned';

/**
 * An agent that is suspended or decommissioned is stopped everywhere: a halt of its scope reaches every tool guard, what waits is cancelled (which
 * ends its approval), what may be under way is told and stands as unknown, its runs are halted. Everything is derived from the registry's snapshot
 * and this database, so that a supervision that was away comes to the same.
 */
export const createAgentStops = ({ store, book, tell, tenant, digest, now, onError }: StopPorts): AgentStops => {
  const standing = new Map<string, AgentStanding>();
  const due = new Set<string>();
  const inForce = new Map<string, Map<string, HaltNotice>>();
  const lifted = new Set<string>();
  const owners = new Map<string, string>();
  let begun = false;
  let working: Promise<void> | undefined;

  const ownerKey = (agent: string): string => `${prefix}${digest(`${tenant} ${agent}`).slice(0, 22)}`;
  /** One suspension is one halt: lifted for good with it. */
  const haltOf = ({ agent, because, version }: AgentStanding): string => `${ownerKey(agent)}:${because?.change ?? `v${version}`}`;
  const whyOf = ({ because, status }: AgentStanding): { readonly by: string; readonly reason: string } =>
    ({ by: because?.by ?? 'registry', reason: `the agent was ${status}: ${because?.reason ?? 'no reason is known'}`.slice(0, 2_000) });

  const stop = async (agent: AgentStanding): Promise<void> => {
    const halt = haltOf(agent);
    if (inForce.get(ownerKey(agent.agent))?.has(halt) !== true) {
      const notice: HaltNotice = { halt, op: 'halt', mode: 'halt', tenant, scope: { kind: 'agent', id: agent.agent }, at: agent.because?.at ?? now(), ...whyOf(agent) };
      await book.add(notice);
      remember(notice);
    }
    await clear([agent]);
  };

  const resume = async (agent: AgentStanding): Promise<void> => {
    const { by, reason } = agent.because ?? { by: 'registry', reason: 'active' };
    for (const notice of [...inForce.get(ownerKey(agent.agent))?.values() ?? []]) {
      if (notice.scope.kind === 'run' && notice.scope.id !== null) await tell(notice.scope.id, { word: 'resumed', body: { halt: notice.halt, by, reason } });
      else {
        const lift: HaltNotice = { ...notice, op: 'lift', by, reason, at: now() };
        const paths = await book.add(lift);
        if (!paths.topic || !paths.database) throw new Error(`the lift of ${notice.halt} reached only half the house`);
        remember(lift);
      }
    }
  };

  /** An agent may be resumed while its work is being looked up: what is told after that would stop it again, and nobody would lift it. */
  const isStill = (agent: AgentStanding): boolean => {
    const known = standing.get(agent.agent);
    return known !== undefined && stopped(known.status) && haltOf(known) === haltOf(agent);
  };

  /** Nothing of these agents goes on. */
  const clear = async (agents: readonly AgentStanding[]): Promise<void> => {
    const by = new Map(agents.map((agent) => [agent.agent, agent]));
    const { actions, runs } = await store.work(tenant, [...by.keys()], agents.flatMap(({ agent, status }) => (status === 'decommissioned' ? [agent] : [])), most);
    for (const { run, agent, halted } of runs) {
      const of = by.get(agent)!;
      // The runtime hears it as a reply, in the order of its run.
      if (!halted && isStill(of)) await tell(run, { word: 'halted', body: { halt: `${haltOf(of)}:${run}`, mode: 'halt', ...whyOf(of) } });
    }
    for (const { agent, claimNeeded, status, ...key } of actions) {
      if (!isStill(by.get(agent)!)) continue;
      if (status === 'claimed' || (status === 'granted' && !claimNeeded)) await store.lose(key);
      else if (await store.cancel(key)) await tell(key.run, { word: 'cancelled', body: { action: key.action, ...whyOf(by.get(agent)!) } });
    }
    // Policy ends the run of an agent that is decommissioned, whatever time it has left; until it has heard that, it is told again.
    for (const { run, agent } of runs) if (by.get(agent)!.status === 'decommissioned') await tell(run, { word: 'due', body: { timer: 'run', action: null } });
  };

  const remember = (notice: HaltNotice): void => {
    if (!isAgentStop(notice.halt)) return;
    const key = notice.halt.split(':').slice(0, 2).join(':');
    if (notice.op === 'lift') {
      lifted.add(notice.halt);
      inForce.get(key)?.delete(notice.halt);
    } else if (!lifted.has(notice.halt)) {
      if (!inForce.has(key)) inForce.set(key, new Map());
      inForce.get(key)!.set(notice.halt, notice);
      // A notice of a run may come after its agent was resumed.
      const owner = owners.get(key);
      if (owner !== undefined && standing.get(owner)?.status === 'active') { due.add(owner); wake(); }
    }
  };

  const settle = async (): Promise<void> => {
    for (const id of [...due]) {
      const agent = standing.get(id)!;
      due.delete(id);
      try {
        await (stopped(agent.status) ? stop(agent) : resume(agent));
      } catch (error) {
        due.add(id);
        onError(error as Error, `stopping or resuming ${id}`);
        return;
      }
    }
  };
  const wake = (): void => {
    if (!begun || working !== undefined) return;
    const started = new Set(due);
    working = settle().finally(() => {
      working = undefined;
      // What came meanwhile; what failed waits for the sweep.
      if ([...due].some((id) => !started.has(id))) wake();
    });
  };

  return {
    take: (agent) => {
      if (agent.tenant !== tenant) return;
      standing.set(agent.agent, agent);
      owners.set(ownerKey(agent.agent), agent.agent);
      due.add(agent.agent);
      wake();
    },
    heard: remember,
    begin: () => { begun = true; wake(); },
    sweep: async () => {
      if (!begun) return;
      wake();
      while (working !== undefined) await working;
      const all = [...standing.values()].filter(({ status }) => stopped(status));
      if (all.length > 0) await clear(all);
    },
  };
};
