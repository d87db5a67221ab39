import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';

/** Who holds a run, until when (epoch ms). The fence goes up with every new holder: what an older one still sends is known by it. */
export interface Lease { readonly run: string; readonly agent: string; readonly holder: string; readonly fence: number; readonly heardAt: number; readonly until: number; readonly released: boolean }
export interface LeaseAsked { readonly run: string; readonly agent: string; readonly holder: string; /** Of the lease that it renews. */ readonly fence: number | undefined; readonly release: boolean; readonly now: number; readonly leaseMs: number }

/** Renews a lease, takes a free one or one whose time is over, or lets it go. */
export const decideLease = (held: Lease | undefined, { run, agent, holder, fence, release, now, leaseMs }: LeaseAsked): { readonly status: 'held'; readonly lease: Lease } | Refused<'fenced' | 'conflict'> => {
  const taken = { run, agent, holder, heardAt: now, until: release ? now : now + leaseMs, released: release };
  if (fence !== undefined) {
    // Whose lease nobody else took in the meantime holds it again, however late.
    if (held === undefined || held.fence !== fence || held.holder !== holder) return refused<'fenced'>('fenced', 'another runtime took this run over: stop what you do for it');
    return { status: 'held', lease: { ...taken, fence } };
  }
  if (held !== undefined && !held.released && held.until > now) return refused<'conflict'>('conflict', `the run is held until ${new Date(held.until).toISOString()}: ask again then`);
  return { status: 'held', lease: { ...taken, fence: (held?.fence ?? 0) + 1 } };
};

/** Whether this fence may claim: where somebody holds the run, only theirs. */
export const mayClaim = (held: Lease | undefined, fence: number | undefined): boolean => held === undefined || (held.released && fence === undefined) || held.fence === fence;

/** So many at least are a fleet; fewer are just what they are. */
const fleet = 3;

/**
 * Who has gone silent, and who for so long that it is taken out. Where more than half of a fleet is silent, it is not they who are ill but what lies between
 * (the network, a broker, this service's own clock): nobody is taken out for it. Runtimes renew at different moments, so that one that is overdue is
 * judged when those that fell silent with it can be seen. @param leases of runs that go on @param graceMs longer than the time between two renewals
 */
export const silentOf = (leases: readonly Lease[], now: number, graceMs: number): { readonly silent: readonly Lease[]; readonly overdue: readonly Lease[]; readonly of: number; readonly hiccup: boolean } => {
  const held = leases.filter(({ released }) => !released), silent = held.filter(({ until }) => now > until);
  return { silent, overdue: silent.filter(({ until }) => now > until + graceMs), of: held.length, hiccup: held.length >= fleet && silent.length * 2 > held.length };
};
