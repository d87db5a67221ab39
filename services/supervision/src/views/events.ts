import type { RunEvent } from '@countersign/contracts';
import type { Pool } from 'pg';
import { after, formatPlace } from '../core/place.ts';
import type { Place } from '../core/place.ts';

export interface EventFilter {
  readonly run?: string | undefined;
  /** With `run`: of every run of its delegations, from the root down. */
  readonly tree?: boolean | undefined;
  readonly agent?: string | undefined;
  readonly tool?: string | undefined;
  readonly kind?: string | undefined;
  /** At least this tier. */
  readonly tier?: number | undefined;
  /** As of runs: without the questions that people are asked. */
  readonly withoutAsked?: boolean | undefined;
}

export interface Events {
  /** What happened after a place, and the place to go on from, which has passed what the filter left out. */
  after(tenant: string, place: Place, filter: EventFilter, limit: number): Promise<{ readonly events: readonly RunEvent[]; readonly place: Place }>;
  /** The end as of now. */
  end(): Promise<Place>;
}

const treeOfRun = `select r.run from run r, (select coalesce(ancestors->-1->>'run', run) as run from run where run = $5) root where r.run = root.run or r.ancestors @> jsonb_build_array(jsonb_build_object('run', root.run))`;
const matching = `e.tenant = $4 and ($5::text is null or e.run = $5 or ($6 and e.run in (${treeOfRun})))
  and ($7::text is null or e.agent = $7) and ($8::text is null or e.tool = $8) and ($9::text is null or e.kind = $9) and ($10::int is null or e.tier >= $10) and not ($12 and e.kind = 'action.decided' and e.fact->>'decision' = 'step_up')`;
const page = `select e.partition, e.position, e.fact from unnest($1::int[], $2::bigint[], $3::bigint[]) as w(partition, seen, upto)
  cross join lateral (select e.partition, e.position::float8 as position, e.fact from run_event e where e.partition = w.partition and e.position > w.seen and e.position <= w.upto and ${matching} order by e.position limit $11) e
  order by e.partition, e.position`;

interface Line { readonly partition: number; readonly position: number; readonly fact: Omit<RunEvent, 'id'> }

/** One list out of many, by time; each partition keeps its own order, whatever its clock did. */
const merged = (lines: readonly Line[]): readonly Line[] => {
  const queues = [...Map.groupBy(lines, ({ partition }) => partition).values()].map((queue) => ({ queue, next: 0 }));
  return lines.map(() => {
    const first = queues.filter(({ queue, next }) => next < queue.length).reduce((a, b) => (b.queue[b.next]!.fact.at < a.queue[a.next]!.fact.at ? b : a));
    return first.queue[first.next++]!;
  });
};

/** What happened to runs, in order, for readers that come back where they left off. */
export const createEvents = (pool: Pool): Events => {
  const heads = async (): Promise<Place> => new Map((await pool.query<{ partition: number; position: number }>('select partition, position::float8 as position from run_event_head')).rows.map(({ partition, position }) => [partition, position]));
  return {
    end: heads,
    after: async (tenant, place, { run, tree, agent, tool, kind, tier, withoutAsked }, limit) => {
      const ends = await heads();
      const ahead = [...ends].filter(([partition, position]) => position > (place.get(partition) ?? -1));
      if (ahead.length === 0) return { events: [], place };
      const { rows } = await pool.query<Line>({
        name: 'events-after', text: page, values: [ahead.map(([partition]) => partition), ahead.map(([partition]) => place.get(partition) ?? -1), ahead.map(([, position]) => position), tenant, run ?? null, tree === true, agent ?? null, tool ?? null, kind ?? null, tier ?? null, limit, withoutAsked === true],
      });
      let at = place;
      const events = merged(rows).map(({ partition, position, fact }) => { at = after(at, partition, position); return { id: formatPlace(at), ...fact }; });
      // A partition that gave all it may has more; every other one was read to its end.
      for (const [partition, position] of ahead) if (rows.filter((one) => one.partition === partition).length < limit) at = after(at, partition, position);
      return { events, place: at };
    },
  };
};
