import { readFileSync } from 'node:fs';
import type { Pool } from 'pg';

/** Microseconds of processor time: of this process, all its threads, and of PostgreSQL's connections to this database. */
export interface ProcessorTime { readonly node: number; readonly postgres: number }

/** Seconds of processor time a process has used so far, all threads; NaN where the system does not tell (no /proc). */
export const processorSeconds = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100; // ticks of user and system time, 100 a second
  } catch {
    return Number.NaN;
  }
};

/** What has been used so far. PostgreSQL's is NaN where its processes cannot be seen from here. */
export const processorTime = async (pool: Pool): Promise<ProcessorTime> => {
  const { rows } = await pool.query<{ pid: number }>("select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'");
  const { user, system } = process.cpuUsage();
  return { node: user + system, postgres: rows.reduce((sum, { pid }) => sum + processorSeconds(pid), 0) * 1e6 };
};
