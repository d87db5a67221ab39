import { argumentsDigest, canonicalJson, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { ChangeView } from '@countersign/contracts';
import { contentOf, diffTells } from '@countersign/registry/core/change-content';
import { Refused } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import { tenant } from '../policy/lifecycle.ts';

/** Whether the digest to sign is that of what is shown here, and the diff tells what would be put there: a registry that shows one thing and has another signed is found out. */
export const isOfContent = (one: ChangeView): boolean =>
  argumentsDigest(contentOf(one)) === one.digest && diffTells(one, (a, b) => a !== undefined && canonicalJson(a) === canonicalJson(b), argumentsDigest);

/** A request as the registry shows it; refused where its digest is of something else. */
export const readChange = async (client: Client, id: string): Promise<ChangeView> => {
  const found = await client.request<ChangeView>('registry', 'GET', `/changes/${encodeURIComponent(id)}`);
  if (found.change !== id || !isOfContent(found)) throw new Refused('digest_mismatch', 'what is shown is not what would be signed: nothing was signed', 409, false);
  return found;
};

/** Signs a request that was read and looked at, as the second person. */
export const agree = (client: Client, who: { readonly person: string; readonly key: SigningKey }, { change, digest }: ChangeView, reason: string): Promise<ChangeView> => {
  const jws = signPersonStatement('change-review', { sub: who.person, tenant, change, digest, reason, iat: Math.floor(Date.now() / 1000) }, who.key);
  return client.request<ChangeView>('registry', 'POST', `/changes/${encodeURIComponent(change)}/approve`, { jws });
};
