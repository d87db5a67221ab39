import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '@countersign/bus';
import { topic, validatePolicyBundle } from '@countersign/contracts';
import type { PolicyBundle } from '@countersign/contracts';
import type { KeySet } from '@countersign/identity';
import type { CompiledBundle } from '@countersign/policy/core/rules/compile';
import { unpackBundle } from '@countersign/policy/inbound/bundle-archive';
import { bundleDigest, parseBundle, readBundleFiles } from '@countersign/policy/inbound/bundle-files';
import type { BundleFile } from '@countersign/policy/inbound/bundle-files';
import { snapshotNow } from './people.ts';

/** Bundles by what a record may call them: version, digest, or version@digest. */
export interface KnownBundles {
  of(version: string): CompiledBundle | undefined;
  /** Adds one; the first that has a name keeps it. */
  add(files: readonly BundleFile[]): void;
  /** Names under which different contents were added: a record cannot tell which decided. */
  readonly ambiguous: ReadonlySet<string>;
}

export const createKnownBundles = (): KnownBundles => {
  const bundles = new Map<string, CompiledBundle>();
  const digests = new Map<string, string>();
  const ambiguous = new Set<string>();
  return {
    ambiguous,
    of: (version) => bundles.get(version),
    add: (files) => {
      const { bundle } = parseBundle(files);
      const digest = bundleDigest(files.filter(({ path }) => !path.startsWith('tests/')));
      const whole = bundleDigest(files);
      const known = digests.get(bundle.version);
      if (known !== undefined && known !== digest) ambiguous.add(bundle.version);
      digests.set(bundle.version, known ?? digest);
      for (const name of [bundle.version, whole, `${bundle.version}@${whole}`]) if (!bundles.has(name)) bundles.set(name, bundle);
    },
  };
};

const mostFolders = 1_000;

/** Bundle folders at a path: itself, or those inside of it. Problems are told and left out: an old bundle that does not load proves nothing. */
export const addFolders = async (known: KnownBundles, dir: string, tell: (problem: string) => void): Promise<void> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: Error) => { tell(`${dir} cannot be read: ${error.message}`); return []; });
  const folders = entries.some(({ name }) => name === 'bundle.yaml') ? [dir] : entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name));
  for (const folder of folders.slice(0, mostFolders)) {
    try {
      const files = await readBundleFiles(folder);
      if (files.some(({ path }) => path === 'bundle.yaml')) known.add(files);
    } catch (error) {
      tell(`${folder} is left out: ${(error as Error).message}`);
    }
  }
};

/** Every version that was ever in force: policy publishes it with its files, and the topic keeps it. Files that are not what the digest says are left out. */
export const addPublished = async (known: KnownBundles, bus: Bus, keys: KeySet, tell: (problem: string) => void): Promise<void> => {
  for (const [key, { archive, digest, version }] of await snapshotNow<PolicyBundle>(bus, keys, topic.policyBundles, 'policy', validatePolicyBundle)) {
    try {
      const files = unpackBundle(archive);
      if (bundleDigest(files) !== digest) throw new Error('its files are not those that the digest names');
      known.add(files);
    } catch (error) {
      tell(`The published version ${JSON.stringify(version)} (${key}) is left out: ${(error as Error).message}`);
    }
  }
};
