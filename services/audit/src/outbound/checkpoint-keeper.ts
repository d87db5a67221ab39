import { open, readFile, rename } from 'node:fs/promises';
import type { CheckpointKeeper, SignedHead } from '../app/ports.ts';

export const same = (a: SignedHead | undefined, b: SignedHead | undefined): boolean => a?.size === b?.size && a?.root === b?.root;

/** The error of a swap that found another head than it was told: somebody else signed, or the log would fork. */
export const moved = (origin: string, last: SignedHead | undefined, to: SignedHead): Error =>
  new Error(`the last signed checkpoint of ${origin} is ${last ? `one of ${last.size} entries with root ${last.root}` : 'none'}, not the one that this sequencer followed; ${to.size} with root ${to.root} would fork the log`);

/**
 * The last signed checkpoints in a file of their own, outside the database and its backups. Written to the side, synced, then renamed:
 * a crash leaves the old one or the new one. The log's epoch keeps two writers apart; what is compared here is what stands in the file.
 */
export const createFileKeeper = (path: string): CheckpointKeeper => {
  const read = async (): Promise<Readonly<Record<string, SignedHead>>> => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    return JSON.parse(text) as Record<string, SignedHead>;
  };
  return {
    last: async (origin) => (await read())[origin],
    advance: async (origin, from, to) => {
      const heads = await read();
      if (!same(heads[origin], from) || (from && (from.size > to.size || from.size === to.size && from.root !== to.root))) throw moved(origin, heads[origin], to);
      const side = `${path}.new`;
      const file = await open(side, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify({ ...heads, [origin]: { size: to.size, root: to.root, note: to.note, ...to.vouched && { vouched: true } } }));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(side, path);
    },
  };
};
