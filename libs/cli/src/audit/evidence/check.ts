import { validateBundleVersionView, validateEvidenceManifest } from '@countersign/contracts';
import type { BundleVersionView, EvidenceManifest } from '@countersign/contracts';
import { encodings, verifyNote } from '@countersign/identity';
import { coveringOf } from '@countersign/audit/core/withheld';
import { unpackBundle } from '@countersign/policy/inbound/bundle-archive';
import { bundleDigest } from '@countersign/policy/inbound/bundle-files';
import { parseCheckpoint } from '@countersign/tamper-log';
import { evidenceCaveats, headCaveats } from '../caveats.ts';
import { cosignedBy } from '../cosigned.ts';
import type { Cosigned } from '../cosigned.ts';
import { storyPage } from '../story-page.ts';
import { holesOf, packIn, readable, toldIn } from './export.ts';
import { manifestBytes, names, sha256, sumsOf } from './files.ts';
import { faultOf, jsonIn, leafIn } from './proven.ts';
import type { TakenEntry } from './proven.ts';
import { checkVotes } from './votes.ts';
import type { CheckedVotes } from './votes.ts';

/** What `countersign audit verify DIR --offline --json` prints of an export of evidence. */
export interface CheckedEvidence {
  readonly ok: boolean;
  readonly entries: number;
  readonly opened: number;
  readonly checkpointSize: number;
  readonly root: string;
  /** The first file that is not what it has to be. */
  readonly firstBad?: { readonly file: string; readonly why: string };
  /** Versions of rules whose files are here and have the digest that they are published under. */
  readonly bundles: number;
  readonly cosigned: Cosigned;
  readonly votes: CheckedVotes;
  /** What all this does not prove, in words; none where it does not hold. */
  readonly caveats: readonly string[];
}

class Bad extends Error {
  readonly file: string;
  constructor(file: string, why: string) {
    super(why);
    this.file = file;
  }
}

/**
 * Checks an export of evidence with nothing but its files and a key known beforehand. Proofs first: a file is only believed
 * under the signed checkpoint; the sums come last, for they prove nothing.
 * @param files every file of the folder by its path @param witnesses text of the caller's own witness policy; else the one that came along is asked
 */
export const checkEvidence = (files: ReadonlyMap<string, Uint8Array>, verifierKey: string, witnesses?: string): CheckedEvidence => {
  const found = { entries: 0, opened: 0, checkpointSize: 0, root: '', bundles: 0, cosigned: { policy: 'none', by: [], enough: false, others: 0 } as Cosigned, votes: { verified: 0, unknown: 0, people: [] } as CheckedVotes };
  try {
    const manifest = manifestIn(files);
    const { note, checkpoint, ...signed } = checkpointIn(files, verifierKey, manifest);
    found.cosigned = cosignaturesIn(files, checkpoint.origin, signed, witnesses);
    Object.assign(found, { checkpointSize: checkpoint.size, root: encodings.toBase64(checkpoint.root) });
    const entries = manifest.entries.map((listed) => {
      const entry = entryIn(files, listed);
      const fault = faultOf(entry, note, checkpoint);
      if (fault) throw new Bad(names[fault.part](entry.index), fault.why);
      found.entries++;
      if (entry.opened) found.opened++;
      return entry;
    });
    withheldIn(entries);
    found.bundles = bundlesIn(files, entries);
    found.votes = votesIn(entries);
    if (manifest.run !== null) {
      const [hole] = holesOf(entries, manifest.run);
      if (hole !== undefined) throw new Bad(names.manifest, `does not list all of the run: ${hole}`);
      storyIn(files, entries, manifest);
    }
    if (manifest.pack !== undefined) packCounted(files, entries, manifest);
    sumsIn(files, manifest);
    return { ok: true, ...found, caveats: [...evidenceCaveats(manifest, readable(entries).map(({ leaf }) => leaf), found.votes), ...headCaveats(found.cosigned)] };
  } catch (error) {
    if (!(error instanceof Bad)) throw error;
    return { ok: false, ...found, caveats: [], firstBad: { file: error.file, why: error.message } };
  }
};

const need = (files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array => {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Bad(path, 'is missing');
  return bytes;
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

const manifestIn = (files: ReadonlyMap<string, Uint8Array>): EvidenceManifest => {
  const bytes = need(files, names.manifest);
  const manifest = jsonIn(bytes);
  if (!validateEvidenceManifest(manifest)) throw new Bad(names.manifest, 'is no manifest of a format that this program knows');
  if (manifest.entries.length === 0) throw new Bad(names.manifest, 'lists no entry');
  if (!manifestBytes(manifest).equals(bytes)) throw new Bad(names.manifest, 'is not written as it was made');
  return manifest;
};

const checkpointIn = (files: ReadonlyMap<string, Uint8Array>, verifierKey: string, manifest: EvidenceManifest) => {
  const note = text(need(files, names.checkpoint));
  const parsed = parseCheckpoint(encodings, note);
  if (parsed === undefined) throw new Bad(names.checkpoint, 'is malformed');
  if (!verifyNote(parsed.body, parsed.signatures, verifierKey)) throw new Bad(names.checkpoint, 'is not signed by the given key');
  if (parsed.checkpoint.origin !== manifest.origin || parsed.checkpoint.size !== manifest.size) throw new Bad(names.manifest, 'is about another checkpoint');
  return { note, ...parsed };
};

/** Cosignatures of witnesses stand behind the log's own: by the policy of whoever checks, or by the one that is here. */
const cosignaturesIn = (files: ReadonlyMap<string, Uint8Array>, origin: string, { body, signatures }: Pick<NonNullable<ReturnType<typeof parseCheckpoint>>, 'body' | 'signatures'>, own: string | undefined): Cosigned => {
  const cosigned = cosignedBy(body, signatures, origin, own === undefined ? { text: text(files.get(names.witnesses) ?? new Uint8Array()), from: 'enclosed' } : { text: own, from: 'given' });
  if ('problem' in cosigned) throw new Bad(names.witnesses, `is no witness policy: ${cosigned.problem}`);
  if (!cosigned.enough) throw new Bad(names.checkpoint, `is not cosigned by enough witnesses of the policy: ${cosigned.by.join(', ') || 'none of them'}`);
  return cosigned;
};

const votesIn = (entries: readonly TakenEntry[]): CheckedVotes => {
  const votes = checkVotes(readable(entries));
  if ('bad' in votes) throw new Bad(names.payload(votes.bad.index), `has a vote that does not hold: ${votes.bad.why}`);
  return votes;
};

const entryIn = (files: ReadonlyMap<string, Uint8Array>, { index, opened }: EvidenceManifest['entries'][number]): TakenEntry => ({
  index, leaf: need(files, names.leaf(index)), proof: text(need(files, names.proof(index))),
  ...(opened && { opened: { salt: need(files, names.salt(index)), payload: need(files, names.payload(index)) } }),
});

/** Words may be missing where an erasure or an expiry among these entries covers them; without one, somebody took them away. */
const withheldIn = (entries: readonly TakenEntry[]): void => {
  const known = readable(entries);
  const covering = coveringOf(known);
  const opened = new Set(entries.flatMap((entry) => (entry.opened ? [entry.index] : [])));
  const gone = known.find((entry) => !opened.has(entry.index) && covering(entry) === undefined);
  if (gone) throw new Bad(names.payload(gone.index), `is not here, and no erasure or expiry on the record covers entry ${gone.index}: what was said in it is gone or was changed`);
};

/** Each bundle has the digest it claims, and the one under which the log says that version was published, where that is among the entries. */
const bundlesIn = (files: ReadonlyMap<string, Uint8Array>, entries: readonly TakenEntry[]): number => {
  const published = new Map<string, Set<string>>();
  for (const { leaf, opened } of entries) {
    if (leafIn(leaf)?.type !== 'countersign.policy.event.v1') continue;
    const { data } = (jsonIn(opened?.payload) ?? {}) as { data?: { version?: unknown; digest?: unknown } };
    if (typeof data?.version === 'string' && typeof data.digest === 'string') published.set(data.version, (published.get(data.version) ?? new Set()).add(data.digest));
  }
  const paths = [...files.keys()].filter((path) => path.startsWith('policy/'));
  for (const path of paths) {
    const view = jsonIn(files.get(path));
    if (!validateBundleVersionView(view) || view.archive === null) throw new Bad(path, 'is no version of rules');
    const { version, digest, archive }: BundleVersionView = view;
    if (path !== names.bundle(version)) throw new Bad(path, `holds rules ${version}`);
    if (digestOf(archive!) !== digest) throw new Bad(path, 'its files do not have its digest');
    const said = published.get(version);
    if (said !== undefined && !said.has(digest)) throw new Bad(path, 'has another digest than the log says was published under this version');
  }
  return paths.length;
};

const digestOf = (archive: string): string | undefined => {
  try {
    return bundleDigest(unpackBundle(archive));
  } catch {
    return undefined;
  }
};

/** The story told again out of the entries here: it is a reading of them and can say nothing else. */
const storyIn = (files: ReadonlyMap<string, Uint8Array>, entries: readonly TakenEntry[], manifest: EvidenceManifest): void => {
  const story = toldIn(entries, manifest.run!);
  if (text(need(files, names.story)) !== `${JSON.stringify(story)}\n`) throw new Bad(names.story, 'is not what the entries tell');
  if (text(need(files, names.page)) !== storyPage(story, manifest.made)) throw new Bad(names.page, 'is not what the entries tell');
};

/** The pack counted again out of the entries here. */
const packCounted = (files: ReadonlyMap<string, Uint8Array>, entries: readonly TakenEntry[], manifest: EvidenceManifest): void => {
  const pack = packIn(entries, manifest.question, manifest.made);
  if (text(need(files, names.pack)) !== pack.json) throw new Bad(names.pack, 'is not what the entries count up to');
  if (text(need(files, names.packPage)) !== pack.page) throw new Bad(names.packPage, 'is not what the entries count up to');
};

const sumsIn = (files: ReadonlyMap<string, Uint8Array>, manifest: EvidenceManifest): void => {
  const sums = text(need(files, names.sums));
  const own = files.get(names.manifest)!;
  if (!sums.includes(sumsOf(new Map([[names.manifest, own]])))) throw new Bad(names.manifest, 'or SHA256SUMS was changed: they do not fit together');
  const listed = new Set<string>([names.manifest, names.sums]);
  for (const { path, sha256: sum, bytes } of manifest.files) {
    const content = need(files, path);
    if (content.length !== bytes || sha256(content) !== sum) throw new Bad(path, 'does not have the sum that the manifest names');
    listed.add(path);
  }
  for (const path of files.keys()) if (!listed.has(path)) throw new Bad(path, 'is not listed in the manifest');
  if (sums !== sumsOf(new Map([...manifest.files.map(({ path }) => [path, files.get(path)!] as const), [names.manifest, own]]))) throw new Bad(names.sums, 'does not list what the manifest does');
};
