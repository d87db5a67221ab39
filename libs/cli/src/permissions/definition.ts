import { existsSync, readFileSync, statSync } from 'node:fs';
import { CannotRun } from '../errors.ts';

const mostBytes = 512 * 1024;

/** JSON as it was typed, or out of a file. */
export const readDefinition = (given: string): unknown => {
  const isFile = !given.trimStart().startsWith('{') && existsSync(given);
  if (isFile && statSync(given).size > mostBytes) throw new CannotRun(`${given} is larger than ${mostBytes} bytes.`);
  const text = isFile ? readFileSync(given, 'utf8') : given;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CannotRun(isFile ? `${given} is no JSON: ${(error as Error).message}` : `Neither JSON nor a file: ${given.slice(0, 100)}`);
  }
};
