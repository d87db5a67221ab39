import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';

/** A program that writes a megabyte and ends as the command line does, read by somebody who begins late; how many bytes came, and its exit code. */
const read = async (stopAfter = Infinity): Promise<{ readonly bytes: number; readonly code: number | null }> => {
  const source = `import { flushed } from '${new URL('./output.ts', import.meta.url).href}'; process.stdout.write('x'.repeat(1_000_000)); await flushed(); process.exit(3);`;
  const child = spawn(process.execPath, ['-C', 'source', '--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } });
  const ended = once(child, 'exit');
  await once(child.stdout, 'readable');
  let bytes = 0;
  for await (const chunk of child.stdout) {
    bytes += (chunk as Buffer).length;
    if (bytes >= stopAfter) break;
  }
  return { bytes, code: (await ended)[0] as number | null };
};

describe('what a command writes into a pipe', () => {
  it('arrives whole, however much it is', async () => expect(await read()).toEqual({ bytes: 1_000_000, code: 3 }));
  it('keeps nobody where the reader goes away', async () => expect((await read(1)).code).toBe(3));
});
