/** C2SP tlog-tiles: a full tile is 256 hashes of 32 bytes. */
export const hashesPerTile = 256;

export interface TileAddress {
  /** Tile level, or the bundle of entries themselves. */
  readonly level: number | 'entries';
  readonly n: number;
  /** 1–255 hashes for a partial tile, 256 for a full one. */
  readonly width: number;
}

/** `x001/x234/067` for 1234067. */
const indexPath = (n: number): string => {
  let path = String(n % 1000).padStart(3, '0');
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return path;
};

/** Path below the log's prefix: `tile/0/x001/067` or `tile/entries/000.p/12`. */
export const tilePath = ({ level, n, width }: TileAddress): string =>
  `tile/${level}/${indexPath(n)}${width === hashesPerTile ? '' : `.p/${width}`}`;

const pattern = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Reads such a path; undefined where it is none (leading zeroes, out of bounds). */
export const parseTilePath = (path: string): TileAddress | undefined => {
  const match = pattern.exec(path);
  if (!match) return undefined;
  const level = match[1] === 'entries' ? 'entries' : Number(match[1]);
  const n = Number(match[2]!.replaceAll(/[x/]/g, ''));
  const width = match[3] === undefined ? hashesPerTile : Number(match[3]);
  if (level !== 'entries' && level > 63 || width > hashesPerTile || match[3] !== undefined && width === hashesPerTile) return undefined;
  return indexPath(n) === match[2] ? { level, n, width } : undefined;
};

/** How many hashes level `level` has in a tree of `size` leaves. */
export const hashesAtLevel = (level: number | 'entries', size: number): number => Math.floor(size / 256 ** (level === 'entries' ? 0 : level));

/** All tiles (without entry bundles) of a tree of `size` leaves. */
export function* tilesOf(size: number): Generator<{ readonly level: number; readonly n: number; readonly width: number }> {
  for (let level = 0; hashesAtLevel(level, size) > 0; level++) {
    const hashes = hashesAtLevel(level, size);
    for (let n = 0; n * hashesPerTile < hashes; n++) yield { level, n, width: Math.min(hashesPerTile, hashes - n * hashesPerTile) };
  }
}

/** An entry bundle: each entry behind its length as big-endian uint16. Throws over 65,535 bytes: such an entry must not have got here. */
export const encodeBundle = (entries: readonly Uint8Array[]): Uint8Array => {
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > 0xffff) throw new RangeError('an entry of more than 65,535 bytes');
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length & 0xff;
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
};

/** The entries of a bundle; undefined where the bytes do not add up. */
export const decodeBundle = (bundle: Uint8Array): Uint8Array[] | undefined => {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length;) {
    if (at + 2 > bundle.length) return undefined;
    const length = bundle[at]! << 8 | bundle[at + 1]!;
    if (at + 2 + length > bundle.length) return undefined;
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
};
