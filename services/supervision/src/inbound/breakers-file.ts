import { readFileSync } from 'node:fs';
import type { Field } from '@countersign/service-host';
import { defaultLimits } from '../core/breaker.ts';
import type { BreakerLimits } from '../core/breaker.ts';
import { readLimits } from '../core/breaker-limits.ts';
import { readMeant } from './read-meant.ts';

const longest = 262_144;

/** A setting that names a YAML file of `breakers:`; without it the defaults hold. Everything that is wrong is told at once, with its place. */
export const breakersFile = (name: string): Field<readonly BreakerLimits[]> => (env) => {
  const file = env[name];
  if (!file) return { value: defaultLimits };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { problem: `${name}: ${file} cannot be read: ${(error as Error).message}` };
  }
  if (text.length > longest) return { problem: `${name}: ${file} is larger than ${longest} characters` };
  const { meant, problems } = readMeant(text, readLimits);
  return problems.length === 0 ? { value: meant! } : { problem: `${name}: ${problems.map(({ line, column, path, why }) => `${file}:${line}:${column}: ${path === '' ? '' : `${path} `}${why}`).join('; ')}` };
};
