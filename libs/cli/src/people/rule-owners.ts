import type { BundleVersionView } from '@countersign/contracts';
import { unpackBundle } from '@countersign/policy/inbound/bundle-archive';
import { bundleDigest, parseBundle } from '@countersign/policy/inbound/bundle-files';
import { Refused } from './client.ts';
import type { Client } from './client.ts';

export interface RuleOwner { readonly rule: string; readonly owner: string; readonly rationale: string }

/**
 * Who owned the rules that fired, as the bundle that decided has it: its archive is read here, and counts only where it is what its digest names.
 * Rules of Countersign itself are nobody's. `undefined`: this version is not known any more.
 */
export const ruleOwners = async (client: Client, version: string, rules: readonly string[]): Promise<readonly RuleOwner[] | undefined> => {
  const asked = rules.filter((rule) => !rule.startsWith('builtin:'));
  if (asked.length === 0) return [];
  try {
    const { archive, digest } = await client.request<BundleVersionView>('policy', 'GET', `/policy/bundles/${encodeURIComponent(version)}`);
    const files = archive === null ? [] : unpackBundle(archive);
    if (files.length === 0 || bundleDigest(files) !== digest) return undefined;
    const { bundle } = parseBundle(files);
    return asked.flatMap((rule) => { const found = bundle.rules.find(({ id }) => id === rule); return found === undefined ? [] : [{ rule, owner: found.owner, rationale: found.rationale }]; });
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
};
