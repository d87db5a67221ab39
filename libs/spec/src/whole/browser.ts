import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/** Where the package @sparticuz/chromium lies; npm has checked it against the lock file. */
const packageDir = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
const cache = join(packageDir, '../../.cache/countersign-chromium', (JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string }).version);

const unpacked = (): { readonly path: string; readonly libraries: string } => {
  const path = join(cache, 'chromium'), libraries = join(cache, 'lib');
  if (existsSync(path)) return { path, libraries };
  mkdirSync(cache, { recursive: true });
  const tar = join(cache, `libraries.${process.pid}.tar`), partial = `${path}.${process.pid}`;
  writeFileSync(tar, brotliDecompressSync(readFileSync(join(packageDir, 'bin/al2023.tar.br'))));
  execFileSync('tar', ['-xf', tar, '-C', cache]);
  writeFileSync(partial, brotliDecompressSync(readFileSync(join(packageDir, 'bin/chromium.br'))));
  chmodSync(partial, 0o755);
  renameSync(partial, path);
  return { path, libraries };
};

/** A headless Chromium; the libraries that came with it are used only where the machine has none. */
export const startBrowser = async (): Promise<Browser> => {
  const { path, libraries } = unpacked();
  const lacks = String(spawnSync('ldd', [path]).stdout).includes('not found');
  return chromium.launch({ executablePath: path, headless: true, args: ['--headless=shell', '--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage'], env: { ...process.env as Record<string, string>, NODE_OPTIONS: '', ...(lacks && { LD_LIBRARY_PATH: libraries }) } });
};
