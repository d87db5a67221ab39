import { open, readFile, rename } from 'node:fs/promises';
import type { CheckpointKeeper } from '../app/ports.ts';

/**
 * The last signed checkpoint in a file of its own, outside the database and its backups. Written to the side, synced, then renamed:
 * a crash leaves the old one or the new one. One sequencer owns the log, so compare-and-set needs no lock here.
 */
export const createFileKeeper = (path: string): CheckpointKeeper => {
  const last = async () => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return text === undefined ? undefined : JSON.parse(text) as { size: number; root: string };
  };
  let known: { readonly size: number; readonly root: string } | undefined;
  return {
    last: async () => (known = await last()),
    advance: async (size, root) => {
      if (known && (known.size > size || known.size === size && known.root !== root)) throw new Error(`a checkpoint of ${known.size} entries was signed already; ${size} with root ${root} would fork the log`);
      const side = `${path}.new`;
      const file = await open(side, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify({ size, root }));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(side, path);
      known = { size, root };
    },
  };
};
