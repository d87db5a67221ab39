import { createHash } from 'node:crypto';
import type { EvidenceManifest } from '@countersign/contracts';

/** Names of the files of an export. Everything an auditor needs is a plain file. */
export const names = {
  manifest: 'manifest.json', sums: 'SHA256SUMS', checkpoint: 'checkpoint', key: 'verifier-key', witnesses: 'witness-policy', readme: 'README.md', jwks: 'keys/jwks.json', story: 'story.json', page: 'story.html', pack: 'oversight.json', packPage: 'oversight.html',
  leaf: (index: number) => `entries/${index}.leaf`, proof: (index: number) => `entries/${index}.tlog-proof`,
  salt: (index: number) => `entries/${index}.salt`, payload: (index: number) => `entries/${index}.payload`,
  bundle: (version: string) => `policy/${encodeURIComponent(version).replaceAll('.', '%2E')}.json`,
} as const;

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** The text of SHA256SUMS, for `sha256sum -c`. */
export const sumsOf = (files: ReadonlyMap<string, Uint8Array>): string => [...files].map(([path, bytes]) => `${sha256(bytes)}  ${path}\n`).join('');

/** The manifest's bytes: what names every other file. */
export const manifestBytes = (manifest: EvidenceManifest): Buffer => Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
