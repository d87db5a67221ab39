import { createTurns } from '@countersign/kernel';
import { inForce } from '../core/holds.ts';
import type { HeldOnRecord, Hold, HoldScope } from '../core/holds.ts';
import type { RetentionClass } from '../core/retention.ts';
import { isOver } from '../core/retention.ts';
import type { Statement } from '../core/statement.ts';
import type { FoundKey, SubjectKeys } from './keys.ts';

export interface Erasure {
  readonly erasure: number;
  readonly scope: 'run' | 'person';
  /** A run, or the pseudonym of a person. */
  readonly what: string;
  readonly subjects: readonly string[];
  readonly keys: readonly string[];
  readonly by: string;
}

/** A month of one retention class. */
export interface Slot { readonly slot: string; readonly retention: RetentionClass; readonly month: string }

/** What is asked of the log's database. Every method rejects where it cannot be asked: then nothing is erased and nothing expires. */
export interface PrivacyStore {
  /** Rows of those in force. */
  holds(): Promise<readonly Hold[]>;
  /** Its number: none of `taken`. */
  hold(hold: Omit<Hold, 'hold'>, taken: readonly number[]): Promise<number>;
  release(hold: number, at: number, by: string, reason: string): Promise<void>;
  /** Streams in which something was said about these runs: approvals and their votes. */
  streamsOf(runs: readonly string[]): Promise<readonly string[]>;
  /** Agents that ran them. */
  agentsOf(runs: readonly string[]): Promise<readonly string[]>;
  plan(erasure: Omit<Erasure, 'erasure'>, at: number, reason: string): Promise<number>;
  /** Those that are not done, and whether audit planned them itself. */
  planned(): Promise<readonly { readonly erasure: Erasure; readonly own: boolean }[]>;
  /** Deletes what is sealed under these keys, and what an index says of it; how many entries. */
  drop(erasure: Erasure): Promise<number>;
  done(erasure: number): Promise<void>;
  slots(): Promise<readonly Slot[]>;
  /** Whether anything in it belongs to the held, by everything that an erasure would follow, or is not known to belong to nobody. */
  covers(slot: Slot, hold: Hold): Promise<boolean>;
  /** Drops a slot and owes the statement, in one transaction; false where another log of this database holds any of it. */
  expire(slot: Slot): Promise<boolean>;
}

/** A hold covers what would be erased. */
export class Held extends Error {
  readonly hold: Hold;
  constructor(hold: Hold) {
    super(`legal hold ${hold.hold} (${hold.scope}${hold.id === null ? '' : ` ${hold.id}`}) covers it`);
    this.name = 'Held';
    this.hold = hold;
  }
}

interface Deps {
  readonly tenant: string;
  readonly keys: SubjectKeys;
  readonly store: PrivacyStore;
  /** Holds on the record, as of the last commit: under audit's MAC, which rows are not. */
  readonly onRecord: () => readonly HeldOnRecord[];
  readonly state: (...statements: readonly Statement[]) => Promise<void>;
  readonly pseudonym: (person: string) => string;
  /** From then on nobody knows whose this pseudonym was. */
  readonly forget: (pseudonym: string) => void;
  /** Resolves once everything on the record can be found by whose it is. */
  readonly settled: () => Promise<void>;
  readonly alarm: (what: string, why: string) => void;
  readonly now: () => number;
}

export interface Privacy {
  /** Destroys the data keys of a run, or of a person and everything on their behalf. Rejects with Held. undefined: there is nothing of theirs. */
  erase(scope: 'run' | 'person', id: string, by: string, reason: string): Promise<{ readonly erasure: number; readonly keys: number; readonly entries: number } | undefined>;
  holds(): Promise<readonly Hold[]>;
  hold(scope: HoldScope, id: string | null, by: string, reason: string): Promise<void>;
  release(hold: number, by: string, reason: string): Promise<boolean>;
  /** Drops what is older than its class is kept, unless a hold covers any of it; the slots that went. */
  expire(): Promise<readonly string[]>;
  /** Finishes erasures that a crash cut off: those that audit planned, unless a hold came in between. The others are an incident, and nothing goes. */
  resume(): Promise<void>;
  /** Whether something is going at this moment. */
  erasing(): boolean;
}

const runOf = (subject: string): string | undefined => (subject.startsWith('run:') ? subject.slice('run:'.length) : undefined);

/** Erasure, legal holds and retention. What cannot be asked denies: without the holds at hand nothing goes. */
export const createPrivacy = ({ tenant, keys, store, onRecord, state, pseudonym, forget, settled, alarm, now }: Deps): Privacy => {
  const found = async (scope: 'run' | 'person', what: string): Promise<readonly FoundKey[]> => {
    const own = await keys.find(tenant, scope === 'run' ? { subjects: [`run:${what}`] } : { person: what });
    const runs = own.flatMap(({ subject }) => runOf(subject) ?? []);
    return runs.length === 0 ? own : [...own, ...await keys.find(tenant, { subjects: await store.streamsOf(runs) })];
  };
  const told = new Set<number>();
  /** What blocks, whatever was done to the rows: a hold that only they have lost holds on, and that somebody took it from there is an incident. */
  const holdsInForce = async (): Promise<readonly Hold[]> => {
    const { holds, changed } = inForce(await store.holds(), onRecord());
    for (const { hold } of changed.filter((one) => !told.has(one.hold))) {
      told.add(hold);
      alarm('hold', `the row of legal hold ${hold} was changed or taken away; it is in force until it is released`);
      await state({ kind: 'incident', states: { what: 'hold_changed', hold } });
    }
    return holds;
  };
  const covering = async (holds: readonly Hold[], of: readonly FoundKey[]): Promise<Hold | undefined> => {
    if (holds.length === 0 || of.length === 0) return undefined;
    const runs = of.flatMap(({ subject }) => runOf(subject) ?? []);
    const agents = new Set(await store.agentsOf(runs));
    return holds.find(({ scope, id }) => {
      switch (scope) {
        case 'all': return true;
        case 'run': return runs.includes(id!);
        case 'person': return of.some(({ subject, persons }) => subject === `person:${id}` || persons.includes(id!));
        case 'agent': return agents.has(id!) || of.some(({ subject }) => subject === `agent:${id}`);
      }
    });
  };
  let under = 0;
  /** From the plan on: the same again after a crash does no harm. */
  const finish = async (erasure: Erasure): Promise<number> => {
    under += 1;
    try {
      await keys.destroy(erasure.keys);
      if (erasure.scope === 'person') forget(erasure.what);
      const entries = await store.drop(erasure);
      await state({ kind: 'erased', states: { erasure: erasure.erasure, scope: erasure.scope, what: erasure.what, keys: erasure.keys.length, by: pseudonym(erasure.by) } });
      await store.done(erasure.erasure);
      return entries;
    } finally {
      under -= 1;
    }
  };
  /** Nothing of it goes: somebody has to ask for it anew. */
  const withdraw = async ({ erasure }: Erasure, what: 'erasure_forged' | 'erasure_held', why: string, states: Statement['states']): Promise<void> => {
    alarm(what, `erasure ${erasure} is not carried out: ${why}`);
    await state({ kind: 'incident', states: { what, erasure, ...states } });
    await store.done(erasure);
  };
  /** Its keys go all at once: where they are still here, a hold is not too late. */
  const remaining = async ({ subjects, keys: ids }: Erasure): Promise<readonly FoundKey[]> => (await keys.find(tenant, { subjects })).filter(({ id }) => ids.includes(id));
  const turns = createTurns();
  /** One after the other: a hold is placed before something goes, or after it, and never on what is going. */
  const inTurn = <Args extends readonly unknown[], T>(act: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> => turns(() => act(...args));
  return {
    erase: inTurn(async (scope, id, by, reason) => {
      await settled();
      const what = scope === 'person' ? pseudonym(id) : id;
      const of = await found(scope, what);
      const hold = await covering(await holdsInForce(), of);
      if (hold) throw new Held(hold);
      if (of.length === 0) return undefined;
      const plan = { scope, what, subjects: of.map(({ subject }) => subject), keys: of.map((one) => one.id), by };
      const erasure = await store.plan(plan, now(), reason);
      const entries = await finish({ ...plan, erasure });
      // Whoever looks next finds why words are gone.
      await settled();
      return { erasure, keys: of.length, entries };
    }),
    holds: holdsInForce,
    hold: inTurn(async (scope, id, by, reason) => {
      const what = scope === 'person' && id !== null ? pseudonym(id) : id;
      // Whose number is on the record already would end with the other one: somebody wound the numbers back.
      const hold = await store.hold({ scope, id: what, by, at: now(), reason }, onRecord().map((one) => one.hold));
      await state({ kind: 'held', states: { hold, scope, what, by: pseudonym(by) } });
    }),
    // On the record first: cut off in between, the row still holds, and it can be released again.
    release: inTurn(async (hold, by, reason) => {
      if (!(await holdsInForce()).some((one) => one.hold === hold)) return false;
      await state({ kind: 'released', states: { hold, by: pseudonym(by) } });
      await store.release(hold, now(), by, reason);
      return true;
    }),
    expire: inTurn(async () => {
      // Which stream is about which run is known once it was indexed.
      await settled();
      const holds = await holdsInForce();
      const gone: string[] = [];
      for (const slot of (await store.slots()).filter((one) => isOver(one, now()))) {
        let covered = false;
        for (const hold of holds) covered ||= await store.covers(slot, hold);
        if (covered) continue;
        if (await store.expire(slot)) gone.push(slot.slot);
      }
      if (gone.length > 0) await state();
      return gone;
    }),
    resume: inTurn(async () => {
      await holdsInForce();
      const planned = await store.planned();
      if (planned.length > 0) await settled();
      for (const { erasure, own } of planned) {
        if (!own) {
          await withdraw(erasure, 'erasure_forged', 'nobody asked this service for it', {});
          continue;
        }
        const hold = await covering(await holdsInForce(), await remaining(erasure));
        if (hold) await withdraw(erasure, 'erasure_held', `legal hold ${hold.hold} came in between`, { hold: hold.hold });
        else await finish(erasure);
      }
    }),
    erasing: () => under > 0,
  };
};
