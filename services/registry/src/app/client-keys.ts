import { lazyKey } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { RevocationView } from '@countersign/tool-guard';
import type { AgentKeyState } from '../core/credentials.ts';

export type KeyFault = { readonly code: 'key_expired' | 'credential_revoked'; readonly detail: string };

/** The keys by which an agent may authenticate now, by kid. Remembers which one was asked for, and why one that is known does not count. */
export interface ClientKeys extends KeySet {
  readonly used: AgentKeyState | undefined;
  readonly fault: KeyFault | undefined;
}

/** Importing a key costs a third of verifying with it; there are few of them. */
const imported = new Map<string, ReturnType<typeof lazyKey>>();
const mostImported = 10_000;
const importedKey = (x: string) => {
  let key = imported.get(x);
  if (key === undefined) {
    if (imported.size >= mostImported) imported.clear();
    imported.set(x, key = lazyKey(x));
  }
  return key.imported();
};

export const clientKeys = (tenant: string, keys: readonly AgentKeyState[], now: number, revocations: RevocationView): ClientKeys => {
  let used: AgentKeyState | undefined;
  let fault: KeyFault | undefined;
  return {
    get used() { return used; },
    get fault() { return fault; },
    get: (kid) => {
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined) return undefined;
      const known = importedKey(key.key.x);
      used = key;
      if (revocations.key(tenant, key.thumbprint, now) !== undefined) fault = { code: 'credential_revoked', detail: `the key ${kid} was revoked or retired` };
      else if (now >= key.notAfter || now < key.notBefore) fault = { code: 'key_expired', detail: `the key ${kid} is past its life: countersign agent rotate-key registers another` };
      return known;
    },
  };
};
