import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { decideLease, silentOf } from '../core/lease.ts';
import type { Lease, LeaseAsked } from '../core/lease.ts';

export interface Leases {
  find(run: string): Promise<Lease | undefined>;
  /** Compare-and-set; false where somebody else was first. */
  put(lease: Lease, before: Lease | undefined): Promise<boolean>;
  /** Of runs that go on. */
  held(): Promise<readonly Lease[]>;
}

/** Takes, renews or lets go; a lost race is decided again with what won. */
export const holdRun = async (leases: Leases, asked: LeaseAsked): Promise<{ readonly status: 'held'; readonly lease: Lease } | Refused<'fenced' | 'conflict'>> => {
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = await leases.find(asked.run), answer = decideLease(before, asked);
    if (answer.status === 'refused' || await leases.put(answer.lease, before)) return answer;
  }
  return refused<'conflict'>('conflict', 'somebody else asks for this run at the same time: ask again');
};

export interface WatchPorts {
  readonly leases: Pick<Leases, 'held'>;
  /** Runs that are quarantined already. */
  readonly quarantined: () => Promise<ReadonlySet<string>>;
  readonly quarantine: (run: string, reason: string) => Promise<void>;
  /** On the record, once for each time. */
  readonly hiccup: (silent: number, of: number) => Promise<void>;
  readonly leaseMs: number;
  readonly now: () => number;
}

/**
 * Takes out runs whose holder has gone silent: what it was granted may be going on where nobody looks. Who watches has to have been here for as long as a
 * lease lives: what nobody could have heard is nobody's silence.
 */
export const createLeaseWatch = ({ leases, quarantined, quarantine, hiccup, leaseMs, now }: WatchPorts): { readonly sweep: () => Promise<void> } => {
  const graceMs = leaseMs / 2, begun = now();
  let hiccups = false;
  return {
    sweep: async () => {
      if (now() < begun + leaseMs + graceMs) return;
      const held = await leases.held();
      if (held.every(({ until }) => now() <= until)) { hiccups = false; return; }
      const out = await quarantined();
      const found = silentOf(held.filter(({ run }) => !out.has(run)), now(), graceMs);
      if (found.hiccup) {
        if (!hiccups) await hiccup(found.silent.length, found.of);
        hiccups = true;
        return;
      }
      hiccups = false;
      for (const { run, holder, until } of found.overdue) await quarantine(run, `its runtime ${holder} is silent since ${new Date(until).toISOString()}`);
    },
  };
};
