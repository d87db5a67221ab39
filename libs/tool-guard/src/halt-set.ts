import type { HaltNotice } from '@countersign/contracts';

/** What a halt may stand in the way of. */
export interface HaltTarget { readonly tenant: string; readonly agent: string; readonly tool: string; readonly run: string }

/** A live view of what is stopped. A pause stops nothing that was granted: it keeps new actions waiting, at policy. */
export interface HaltView {
  /** The halt that stops this target now, if any; the one with the id `except` aside. */
  halted(target: HaltTarget, except?: string): HaltNotice | undefined;
  /** True when the view may have missed a halt: older than 3 s, or not ready yet. */
  isStale(): boolean;
}

export interface HaltSet {
  add(notice: HaltNotice): void;
  halted(target: HaltTarget, except?: string): HaltNotice | undefined;
  /** The pause under which new actions of this target wait, if any. */
  paused(target: HaltTarget): HaltNotice | undefined;
  /** Halts and pauses in force. */
  readonly size: number;
}

/** Two grow-only sets, halts and lifts (DESIGN 7): order and repetition make no difference, and a lift counts for its id for good. */
export const createHaltSet = (): HaltSet => {
  const halts = new Map<string, HaltNotice>();
  const lifted = new Set<string>();
  const active = { halt: new Map<string, HaltNotice>(), pause: new Map<string, HaltNotice>() };
  const find = (among: ReadonlyMap<string, HaltNotice>, target: HaltTarget, except?: string): HaltNotice | undefined => {
    for (const notice of among.values()) if (notice.halt !== except && stops(notice, target)) return notice;
    return undefined;
  };
  return {
    add(notice) {
      // An id is bound to its tenant: a lift in one tenant cannot undo another's halt.
      const id = JSON.stringify([notice.tenant, notice.halt]);
      if (notice.op === 'lift') {
        lifted.add(id);
        active.halt.delete(id);
        active.pause.delete(id);
      } else if (!halts.has(id)) {
        halts.set(id, notice);
        // Whatever is not said to be a pause stops.
        if (!lifted.has(id)) active[notice.mode === 'pause' ? 'pause' : 'halt'].set(id, notice);
      }
    },
    halted: (target, except) => find(active.halt, target, except),
    paused: (target) => find(active.pause, target),
    get size() { return active.halt.size + active.pause.size; },
  };
};

/** What a halt that is taken back in stages lets go on already. An exception that says nothing exempts nothing. */
const exempt = ({ except }: HaltNotice, { tool, agent }: HaltTarget): boolean =>
  except !== undefined && (except.tools !== undefined || except.agents !== undefined) && (except.tools?.includes(tool) ?? true) && (except.agents?.includes(agent) ?? true);

const stops = (notice: HaltNotice, target: HaltTarget): boolean => {
  if (exempt(notice, target)) return false;
  const { kind, id } = notice.scope;
  if (kind === 'everything') return true;
  if (kind === 'tenant') return (id ?? notice.tenant) === target.tenant;
  return notice.tenant === target.tenant && id === target[kind];
};

const isNames = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
const isException = (value: unknown): boolean => typeof value === 'object' && value !== null && isNames((value as { tools?: unknown }).tools) && isNames((value as { agents?: unknown }).agents);

/** Whether a value has the shape of a notice; what has not is not folded. */
export const isHaltNotice = (value: unknown): value is HaltNotice => {
  const n = value as Partial<HaltNotice> | null;
  return typeof n === 'object' && n !== null && typeof n.halt === 'string' && (n.op === 'halt' || n.op === 'lift') && typeof n.tenant === 'string'
    && (n.except === undefined || isException(n.except)) && typeof n.scope === 'object' && n.scope !== null && ['everything', 'tenant', 'agent', 'tool', 'run'].includes(n.scope.kind) && (n.scope.id === null || typeof n.scope.id === 'string');
};
