import { gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson, parseStrictJson } from '@countersign/identity';
import { BundleError, bundleLimits } from './bundle-files.ts';
import type { BundleFile } from './bundle-files.ts';

/** Longest archive that travels, in characters (contracts: PolicyBundle, PublishBundleRequest). */
export const maxArchive = 196_608;

const trouble = (why: string): BundleError => new BundleError([{ path: 'archive', why }]);

/** The files of a bundle as one text: base64url of gzip of their canonical JSON. Throws a BundleError where that is too long to travel. */
export const packBundle = (files: readonly BundleFile[]): string => {
  const sorted = files.map(({ path, text }) => ({ path, text })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const archive = gzipSync(canonicalJson(sorted), { level: 9 }).toString('base64url');
  if (archive.length > maxArchive) throw trouble(`${archive.length} characters once packed; at most ${maxArchive} travel: put fewer rules into one bundle`);
  return archive;
};

/** The files again, whoever packed them. Never inflates beyond `bundleLimits`. Throws a BundleError. */
export const unpackBundle = (archive: string): readonly BundleFile[] => {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(Buffer.from(archive, 'base64url'), { maxOutputLength: bundleLimits.bytes + 1_048_576 });
  } catch (error) {
    throw trouble(`is no gzip of a bundle: ${(error as Error).message}`);
  }
  const parsed = parseStrictJson(bytes, { maxBytes: bundleLimits.bytes + 1_048_576, maxDepth: 4 });
  if (!parsed.ok) throw trouble(`${parsed.code}: ${parsed.detail}`);
  const { value } = parsed;
  if (!Array.isArray(value) || value.length > bundleLimits.files || !value.every(isFile)) throw trouble('is no list of files with path and text');
  return value.map(({ path, text }) => ({ path, text }));
};

const isFile = (value: unknown): value is BundleFile => {
  const { path, text, ...more } = (value ?? {}) as Record<string, unknown>;
  return typeof path === 'string' && typeof text === 'string' && Object.keys(more).length === 0;
};
