import type { ActionProposed, Deferral, Json } from '@countersign/contracts';
import type { ActionState, RunState } from './state.ts';
import type { DeferralLimits, Verdict, World } from './world.ts';

export const defaultDeferral: DeferralLimits = { withinMs: 10 * 60_000, depth: 5, waiting: 50 };

/** What an action depends on: earlier actions that it names and that have to succeed first. `open`: of those, the undecided and the unfinished. */
export type Standing =
  | { readonly status: 'ready'; readonly open: readonly string[] }
  | { readonly status: 'failed'; readonly code: 'dependency_unknown' | 'dependency_failed'; readonly detail: string };

const noDependencies: Standing = { status: 'ready', open: [] };

/**
 * Where an action stands with those it depends on: declared (`dependsOn`), or found because its arguments name an action that is deferred: what they
 * stand for does not exist yet. A declared dependency that was denied, cancelled or did not succeed fails what rests on it.
 */
export const standingOf = (run: RunState, message: ActionProposed): Standing => {
  const declared = message.dependsOn;
  if (declared === undefined && run.deferred.size === 0) return noDependencies;
  const open = new Set<string>();
  for (const id of declared ?? []) {
    const action = id === message.action ? undefined : run.actions.get(id);
    if (action === undefined) return { status: 'failed', code: 'dependency_unknown', detail: `the run has no earlier action ${id}` };
    if (action.status === 'open' || action.status === 'granted') open.add(id);
    else if (action.outcome !== 'succeeded') return { status: 'failed', code: 'dependency_failed', detail: `action ${id} is ${action.outcome ?? action.status}` };
  }
  for (const id of run.deferred) if (id !== message.action && earlier(run, id, message.action) && names(message.arguments, id)) open.add(id);
  return { status: 'ready', open: [...open] };
};

/** Only what was proposed before can be waited for: two actions that name each other do not wait for ever. */
const earlier = (run: RunState, id: string, than: string): boolean => {
  const own = run.actions.get(than);
  return own === undefined || placeOf(run, id) < placeOf(run, than);
};

const names = (value: Json, id: string): boolean => {
  if (typeof value === 'string') return value.includes(id);
  if (typeof value !== 'object' || value === null) return false;
  return (Array.isArray(value) ? value : Object.values(value)).some((item) => names(item as Json, id));
};

/** The place of an action among those of its run, from 1; one more than there are for a new one. */
export const placeOf = (run: RunState, id: string): number => {
  let place = 0;
  for (const known of run.actions.keys()) {
    place++;
    if (known === id) return place;
  }
  return place + 1;
};

export const depthBehind = (run: RunState, dependsOn: readonly string[]): number => 1 + Math.max(0, ...dependsOn.map((id) => run.actions.get(id)?.depth ?? 0));

type Deferred = { readonly ok: true; readonly deferral: Deferral } | { readonly ok: false; readonly code: 'defer_limit'; readonly detail: string };

/** Defers within the bounds of the run; beyond them the action is denied. Waiting again for the same never takes longer than the first time said. */
export const defer = (world: World, run: RunState, message: ActionProposed, before: ActionState | undefined, verdict: Verdict, open: readonly string[]): Deferred => {
  const limits = { ...defaultDeferral, ...world.limits.deferral };
  const { action: id } = message;
  if (!run.deferred.has(id) && run.deferred.size >= limits.waiting) return { ok: false, code: 'defer_limit', detail: `${limits.waiting} actions of the run wait already` };
  if (depthBehind(run, open) > limits.depth) return { ok: false, code: 'defer_limit', detail: `more than ${limits.depth} actions would wait one behind the other` };
  const awaits = verdict.awaits ?? [];
  const ends = open.map((other) => endOf(world, run.actions.get(other)!) + limits.withinMs);
  if (awaits.length > 0 || ends.length === 0) ends.push(world.now + (verdict.withinMs ?? limits.withinMs));
  const old = before?.deferral ?? null;
  const sameAgain = old !== null && awaits.every(({ fact }) => old.awaits.some((one) => one.fact === fact)) && open.every((one) => old.dependsOn.includes(one));
  return { ok: true, deferral: { until: Math.min(...ends, run.notAfter, sameAgain ? old.until : Infinity), place: placeOf(run, id), awaits, dependsOn: open } };
};

/** Waits under a pause, for as long as the run and the caller do: the pause ends, or their time. */
export const deferPaused = (world: World, run: RunState, message: ActionProposed, before: ActionState | undefined, paused: string): Deferred => {
  const limits = { ...defaultDeferral, ...world.limits.deferral };
  if (before === undefined && run.deferred.size >= limits.waiting) return { ok: false, code: 'defer_limit', detail: `${limits.waiting} actions of the run wait already` };
  const deadline = message.deadline === null ? Infinity : Date.parse(message.deadline);
  return { ok: true, deferral: { until: Math.min(run.notAfter, deadline), place: placeOf(run, message.action), awaits: [], dependsOn: [], paused } };
};

/** The pause over an action of a run, or over anybody it acts for; null where there is none. */
export const pauseOver = (world: World, run: RunState, runId: string, tool: string): string | null => {
  if (world.paused === undefined) return null;
  for (const one of [{ agent: run.agent, run: runId }, ...(run.delegation?.ancestors ?? [])]) {
    const pause = world.paused(run.tenant, one.agent, tool, one.run);
    if (pause !== null) return pause;
  }
  return null;
};

/** When an action that is waited for comes to an end at the latest, as far as anybody knows. */
const endOf = (world: World, action: ActionState): number => Math.max(world.now, action.deferral?.until ?? action.approval?.expiresAt ?? world.now);

/** The deferred action that the last record let go, in the order in which they were proposed; `fail` where it cannot run any more. */
export const nextInLine = (run: RunState, stopped: (id: string) => boolean): { readonly id: string; readonly action: ActionState; readonly fail: { readonly code: string; readonly detail: string } | null } | undefined => {
  if (run.deferred.size === 0) return undefined;
  for (const id of [...run.deferred].sort((a, b) => run.actions.get(a)!.deferral!.place - run.actions.get(b)!.deferral!.place)) {
    const action = run.actions.get(id)!;
    if (stopped(id)) return { id, action, fail: { code: 'run_halted', detail: 'the run was halted while it waited' } };
    if (action.deferral!.dependsOn.length === 0) continue;
    const standing = standingOf(run, action.proposal!);
    if (standing.status === 'failed') return { id, action, fail: standing };
    const gone = action.deferral!.dependsOn.map((other) => run.actions.get(other)).find((other) => other !== undefined && (other.status === 'denied' || other.status === 'cancelled' || (other.status === 'finished' && other.outcome !== 'succeeded')));
    if (gone !== undefined) return { id, action, fail: { code: 'dependency_failed', detail: `an action that it depends on is ${gone.outcome ?? gone.status}` } };
    if (action.deferral!.dependsOn.every((other) => run.actions.get(other)?.status === 'finished')) return { id, action, fail: null };
  }
  return undefined;
};
