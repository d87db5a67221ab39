import type { GovernedRecord, HaltNotice } from '@countersign/contracts';
import { closed, evolveBreaker, holds, limitsOf, nextOfBreaker } from '../core/breaker.ts';
import type { BreakerEffect, BreakerEvent, BreakerKind, BreakerLimits, BreakerState, Count } from '../core/breaker.ts';
import type { HaltBook } from './ports.ts';

export interface BudgetUsed { readonly account: string; readonly budget: string; readonly unit: string; readonly used: number; readonly until: number }

export interface Rates {
  /** The records of one partition, in order; what was counted before is not counted again. */
  keep(partition: number, records: readonly GovernedRecord[]): Promise<void>;
  since(at: number): Promise<readonly Count[]>;
  budgets(now: number): Promise<readonly BudgetUsed[]>;
  forget(before: number): Promise<void>;
}

/** Streams of events, each appended to only where it still has so many. */
export interface Streams {
  load(stream: string): Promise<readonly { readonly type: string; readonly by: string; readonly at: number; readonly data: unknown }[]>;
  append(stream: string, after: number, type: string, by: string, data: object): Promise<boolean>;
  streams(prefix: string): Promise<readonly string[]>;
}

export interface BreakerPorts {
  readonly rates: Pick<Rates, 'since'>;
  readonly streams: Streams;
  readonly book: Pick<HaltBook, 'add' | 'inForce'>;
  readonly limits: readonly BreakerLimits[];
  readonly effect: BreakerEffect;
  readonly tenant: string;
  readonly digest: (text: string) => string;
  readonly now: () => number;
  /** An agent whose breaker opened so often in a row that only people let it back. */
  readonly quarantine: (agent: string, reason: string) => Promise<void>;
}

export interface OpenBreaker { readonly kind: BreakerKind; readonly id: string; readonly state: Exclude<BreakerState, { readonly status: 'closed' }>; readonly halt: string }

export interface Breakers {
  /** Looks at what was counted, moves breakers, and sees to it that the halts stand as the breakers do; called twice a second. */
  sweep(): Promise<void>;
  notClosed(): readonly OpenBreaker[];
}

/** In a row: after so many an agent is no case for trying again. */
const quarantineAfter = 4;
const prefix = 'breaker/';
export const isBreaker = (halt: string): boolean => halt.startsWith('breaker:');

/** `halts`: how many halts it has set, each under its own name. */
interface Known { readonly kind: BreakerKind; readonly id: string; state: BreakerState; events: number; halts: number }
/** One more wherever it begins to hold. */
const haltsAfter = (halts: number, before: BreakerState, after: BreakerState): number => (holds(after) && !holds(before) ? halts + 1 : halts);

/**
 * Breakers of agents and tools. What one does when it opens is a halt of its scope, on the same way as every halt: policy denies, claims and tool guards
 * refuse; with the effect `record` it does nothing. Its state is its stream on the record; the halts follow from it, so that whoever dies in between, the next sweep makes them agree.
 */
export const createBreakers = ({ rates, streams, book, limits, effect, tenant, digest, now, quarantine }: BreakerPorts): Breakers => {
  const known = new Map<string, Known>();
  /** Notices that only half the house took; said again until both have. */
  const unsettled = new Map<string, HaltNotice>();
  let loaded = false;
  const streamOf = (kind: BreakerKind, id: string): string => `${prefix}${kind}/${id}`;
  const haltOf = ({ kind, id, halts }: Known): string => `breaker:${kind}:${digest(`${tenant} ${id}`).slice(0, 22)}:${halts}`;

  const read = async (kind: BreakerKind, id: string): Promise<Known> => {
    const events = await streams.load(streamOf(kind, id));
    const one: Known = { kind, id, state: closed, events: events.length, halts: 0 };
    for (const { type, data } of events) {
      const after = evolveBreaker(one.state, { type, ...(data as object) } as BreakerEvent);
      one.halts = haltsAfter(one.halts, one.state, after);
      one.state = after;
    }
    known.set(streamOf(kind, id), one);
    return one;
  };
  const load = async (): Promise<void> => {
    for (const stream of await streams.streams(prefix)) {
      const [, kind, ...id] = stream.split('/');
      await read(kind as BreakerKind, id.join('/'));
    }
    loaded = true;
  };

  const move = async (one: Known, { type, ...data }: BreakerEvent): Promise<void> => {
    // Another instance was first: what it did is read, and looked at again the next time.
    if (!await streams.append(streamOf(one.kind, one.id), one.events, type, 'supervision', { ...data, kind: one.kind, id: one.id, ...(effect === 'record' && { effect }) })) { await read(one.kind, one.id); return; }
    one.events += 1;
    const after = evolveBreaker(one.state, { type, ...data } as BreakerEvent);
    one.halts = haltsAfter(one.halts, one.state, after);
    one.state = after;
    if (effect === 'stop' && one.kind === 'agent' && one.state.status === 'open' && one.state.times === quarantineAfter) await quarantine(one.id, `its breaker opened ${quarantineAfter} times in a row: ${one.state.why}`);
  };

  const noticeOf = (one: Known, op: HaltNotice['op'], reason: string): HaltNotice => ({ halt: haltOf(one), op, mode: 'halt', tenant, scope: { kind: one.kind, id: one.id }, by: 'supervision', reason: reason.slice(0, 2_000).toWellFormed(), at: now() });

  const say = async (notice: HaltNotice): Promise<void> => {
    const { topic, database } = await book.add(notice);
    unsettled[topic && database ? 'delete' : 'set'](`${notice.halt}:${notice.op}`, notice);
  };

  /** Halts as the breakers say: a crash between the two leaves nothing open that should not be, and nothing stopped for good. */
  const agree = async (): Promise<void> => {
    for (const notice of [...unsettled.values()]) await say(notice);
    const inForce = new Set((await book.inForce()).map(({ halt }) => halt).filter(isBreaker));
    for (const one of known.values()) {
      const stands = inForce.has(haltOf(one));
      if (holds(one.state) && !stands && effect === 'stop') await say(noticeOf(one, 'halt', one.state.status === 'half_open' ? 'breaker: the trial is full, what came of it is not known yet' : `breaker: ${one.state.status === 'open' ? one.state.why : ''}`));
      else if (!holds(one.state) && stands) await say(noticeOf(one, 'lift', one.state.status === 'closed' ? 'breaker: the trial held' : 'breaker: tries again'));
    }
  };

  return {
    sweep: async () => {
      if (!loaded) await load();
      // What another instance moved meanwhile.
      for (const { kind, id, state } of [...known.values()]) if (state.status !== 'closed') await read(kind, id);
      const longest = Math.max(...limits.map(({ windowMs }) => windowMs), 0), oldest = Math.min(now() - longest, ...[...known.values()].flatMap(({ state }) => (state.status === 'half_open' ? [state.since] : [])));
      const counts = await rates.since(oldest);
      // Once for all of them: with each looking through everybody's, a busy minute would hold up what stops something.
      const own = { agent: Map.groupBy(counts, ({ agent }) => agent), tool: Map.groupBy(counts, ({ tool }) => tool) };
      const seen = (['agent', 'tool'] as const).flatMap((kind) => [...own[kind].keys()].map((id) => ({ kind, id })));
      const all = new Map([...seen, ...known.values()].map((one) => [streamOf(one.kind, one.id), one]));
      for (const [stream, { kind, id }] of all) {
        const of = limitsOf(limits, kind, id);
        const state = known.get(stream)?.state ?? closed;
        const next = of === undefined ? (state.status === 'open' ? { type: 'breaker_half_opened', at: now() } as const : undefined) : nextOfBreaker(state, own[kind].get(id) ?? [], of, id, now());
        if (next === undefined) continue;
        const one = known.get(stream) ?? await read(kind, id);
        // One that nobody here knew may stand elsewhere by now: it is looked at again the next time.
        if (one.state.status === state.status) await move(one, next);
      }
      if (known.size > 0) await agree();
    },
    notClosed: () => [...known.values()].flatMap((one) => (one.state.status === 'closed' ? [] : [{ kind: one.kind, id: one.id, state: one.state, halt: haltOf(one) }])),
  };
};
