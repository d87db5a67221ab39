import { CannotRun } from './errors.ts';

/** Addresses of a running Countersign on this machine, as infra/local hands them over in CS_LOCAL. */
export interface Local {
  readonly profile: string;
  readonly dir: string;
  readonly bus: 'kafka' | 'embedded';
  readonly kafka?: string;
  readonly redis?: string;
  readonly secrets: string;
  readonly postgres: Readonly<Record<string, string>>;
  readonly http: Readonly<Record<'registry' | 'policy' | 'approvals' | 'supervision' | 'anomaly' | 'audit' | 'gateway' | 'tools', string>>;
  readonly services: Readonly<Record<string, number>>;
  readonly ports: Readonly<Record<string, unknown>>;
}

/** Reads them; refuses with the remedy where nothing runs. */
export const readLocal = (): Local => {
  const text = process.env['CS_LOCAL'];
  if (!text) throw new CannotRun('No running Countersign found on this machine. Start it with `npm start` in another terminal, then try again.');
  return JSON.parse(text) as Local;
};
