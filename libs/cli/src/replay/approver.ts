import type { ApprovalList } from '@countersign/contracts';
import { signPersonStatement } from '@countersign/identity';
import type { Client } from '../people/client.ts';
import { createClient, Refused } from '../people/client.ts';
import type { Local } from '../local.ts';
import type { Cast } from './setup.ts';

/** People who answer every request with the same vote, as fast as they can: what a replay without fatigue looks like. */
export const startApprovers = (local: Local, cast: Cast, vote: 'approve' | 'deny'): { readonly asked: () => number; stop(): Promise<void> } => {
  const seen = new Set<string>();
  let stopped = false;
  const people = [cast.approver, { ...cast.senior, client: createClient({ http: local.http, as: cast.senior }) }];

  const round = async (client: Client): Promise<number> => {
    const { approvals } = await client.request<ApprovalList>('approvals', 'GET', '/approvals?status=open');
    const fresh = approvals.filter((one) => !seen.has(one.approval));
    for (const one of fresh) {
      seen.add(one.approval);
      for (const { person, key } of people) {
        const jws = signPersonStatement('vote', { sub: person, approval: one.approval, digest: one.digest, vote, reason: 'replay', iat: Math.floor(Date.now() / 1000) }, key);
        await client.request('approvals', 'POST', `/approvals/${one.approval}/votes`, { jws }).catch((error: unknown) => { if (!(error instanceof Refused)) throw error; });
      }
    }
    return fresh.length;
  };
  const running = (async () => {
    while (!stopped) if (await round(cast.approver.client) === 0) await new Promise((resolve) => { setTimeout(resolve, 50); });
  })();
  return { asked: () => seen.size, stop: async () => { stopped = true; await running; } };
};
