import { createHmac } from 'node:crypto';

const most = 10_000;

/**
 * Whether an agent belongs to the `percent` of a canary: by HMAC-SHA256 of its id under a secret of this tenant and this version, so that
 * nobody can choose an id for it, and a larger percentage keeps who was in before.
 */
export const cohortOf = (secret: Uint8Array, of: { readonly tenant: string; readonly bundle: string; readonly digest: string; readonly percent: number }): ((agent: string) => boolean) => {
  if (of.percent >= 100) return () => true;
  const bound = (of.percent / 100) * 2 ** 32;
  const known = new Map<string, boolean>();
  return (agent) => {
    let inside = known.get(agent);
    if (inside === undefined) {
      if (known.size >= most) known.clear();
      known.set(agent, inside = createHmac('sha256', secret).update(JSON.stringify(['countersign canary', of.tenant, of.bundle, of.digest, agent])).digest().readUInt32BE(0) < bound);
    }
    return inside;
  };
};
