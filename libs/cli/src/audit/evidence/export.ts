import type { BundleVersionView, EvidenceManifest, JwksResponse } from '@countersign/contracts';
import { rejectedType } from '@countersign/audit/core/entry';
import { oversightOf } from '@countersign/audit/core/oversight-pack';
import { holesIn } from '@countersign/audit/core/run-holes';
import { storyOf } from '@countersign/audit/core/story';
import type { StoryEntry } from '@countersign/audit/core/story';
import type { Client } from '../../people/client.ts';
import { Refused } from '../../people/client.ts';
import { storyPage } from '../story-page.ts';
import { bodyOf } from './collect.ts';
import type { Collected } from './collect.ts';
import { manifestBytes, names, sha256, sumsOf } from './files.ts';
import { leafIn } from './proven.ts';
import type { TakenEntry } from './proven.ts';
import { oversightPage } from './oversight-page.ts';
import { readmeOf } from './readme.ts';

export interface Asked { readonly by: string; readonly made: string; /** In words of the command line. */ readonly question: string; readonly run: string | undefined; readonly pack?: 'oversight' | undefined }

/** What rules and keys there are beside the log; what cannot be had is named. */
export const surroundings = async (client: Client, versions: readonly string[]): Promise<{ readonly bundles: ReadonlyMap<string, BundleVersionView>; readonly jwks: JwksResponse; readonly missing: readonly string[] }> => {
  const bundles = new Map<string, BundleVersionView>();
  const missing: string[] = [];
  for (const version of versions) {
    try {
      const view = await client.request<BundleVersionView>('policy', 'GET', `/policy/bundles/${encodeURIComponent(version)}`);
      if (view.archive === null) missing.push(`the files of rules ${version}: policy has no copy`);
      else bundles.set(version, view);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      missing.push(`the files of rules ${version}: ${error.code}`);
    }
  }
  return { bundles, jwks: await client.request<JwksResponse>('registry', 'GET', '/.well-known/jwks.json'), missing };
};

export const readable = (entries: readonly TakenEntry[]): readonly StoryEntry[] => entries.flatMap((entry) => {
  const leaf = leafIn(entry.leaf);
  return leaf === undefined ? [] : [{ index: entry.index, leaf, body: bodyOf(entry) }];
});

const storyEntries = (entries: readonly TakenEntry[], run: string) => readable(entries).filter(({ leaf, body }) => leaf.run === run || leaf.stream?.startsWith('approval-') === true || (leaf.type !== rejectedType && ofRun(body, run)));

/** Halts of a run name it in their scope. */
const ofRun = (body: unknown, run: string): boolean => {
  const { scope } = (body ?? {}) as { scope?: { kind?: unknown; id?: unknown } };
  return scope?.kind === 'run' && scope.id === run;
};

/** The story that an export tells: made of its own entries and of nothing else, so that whoever checks can tell it again. */
export const toldIn = (entries: readonly TakenEntry[], run: string) => storyOf(run, storyEntries(entries, run), readable(entries));

/** Which records of the run are missing between those of an export. */
export const holesOf = (entries: readonly TakenEntry[], run: string): readonly string[] => holesIn(run, storyEntries(entries, run));

/** The numbers of an oversight pack and its page, counted out of an export's own entries. */
export const packIn = (entries: readonly TakenEntry[], question: string, made: string): { readonly json: string; readonly page: string } => {
  const pack = oversightOf(readable(entries));
  return { json: `${JSON.stringify(pack)}\n`, page: oversightPage(pack, question, made) };
};

/** Every file of the export by its path. */
export const filesOf = (collected: Collected, verifierKey: string, around: Awaited<ReturnType<typeof surroundings>>, asked: Asked): ReadonlyMap<string, Uint8Array> => {
  const files = new Map<string, Uint8Array>();
  const put = (path: string, content: string | Uint8Array): void => { files.set(path, typeof content === 'string' ? Buffer.from(content) : content); };
  put(names.checkpoint, collected.note);
  put(names.key, `${verifierKey}\n`);
  if (collected.witnesses !== '') put(names.witnesses, collected.witnesses);
  put(names.jwks, `${JSON.stringify(around.jwks)}\n`);
  for (const { index, leaf, proof, opened } of collected.entries) {
    put(names.leaf(index), leaf);
    put(names.proof(index), proof);
    if (opened === undefined) continue;
    put(names.salt(index), opened.salt);
    put(names.payload(index), opened.payload);
  }
  for (const [version, view] of around.bundles) put(names.bundle(version), `${JSON.stringify(view)}\n`);
  if (asked.run !== undefined) {
    const story = toldIn(collected.entries, asked.run);
    put(names.story, `${JSON.stringify(story)}\n`);
    put(names.page, storyPage(story, asked.made));
  }
  if (asked.pack !== undefined) {
    const pack = packIn(collected.entries, asked.question, asked.made);
    put(names.pack, pack.json);
    put(names.packPage, pack.page);
  }
  const { origin, size } = collected.checkpoint;
  const manifest = (): EvidenceManifest => ({
    format: 'countersign-evidence/v1', made: asked.made, by: asked.by, question: asked.question, run: asked.run ?? null, ...(asked.pack !== undefined && { pack: asked.pack }), origin, size, indexed: collected.indexed,
    entries: collected.entries.map(({ index, opened }) => ({ index, opened: opened !== undefined })), missing: around.missing,
    files: [...files].map(([path, bytes]) => ({ path, sha256: sha256(bytes), bytes: bytes.length })),
  });
  put(names.readme, readmeOf(manifest()));
  put(names.manifest, manifestBytes(manifest()));
  put(names.sums, sumsOf(files));
  return files;
};
