import type { AnomalyLevel } from '@countersign/contracts';
import type { Cases } from './disposition.ts';
import type { Lately } from './refractory.ts';
import type { Stretch } from './stretch.ts';

/** What people were told of one agent, and what is needed to tell more. Plain data: it is part of the checkpoint. */
export interface AgentFile {
  readonly tenant: string;
  /** The level last written; an agent never written is normal. */
  readonly level: AnomalyLevel['level'];
  /** The findings that made the level, newest last. */
  readonly findings: readonly string[];
  /** What was told of it lately, so that it is told once. */
  readonly lately: Lately;
  /** Runs in which something was odd, newest last. */
  readonly odd: Readonly<Record<string, Stretch>>;
  readonly cases: Cases;
}

export const newFile = (tenant: string): AgentFile => ({ tenant, level: 'normal', findings: [], lately: {}, odd: {}, cases: {} });

/** Odd runs remembered per agent. */
const keptRuns = 32;

export const withRun = (odd: AgentFile['odd'], run: string, stretch: Stretch): AgentFile['odd'] => {
  if (stretch === odd[run]) return odd;
  const runs = Object.keys(odd).filter((one) => one !== run);
  const next: Record<string, Stretch> = {};
  for (let i = Math.max(0, runs.length - (keptRuns - 1)); i < runs.length; i++) next[runs[i]!] = odd[runs[i]!]!;
  next[run] = stretch;
  return next;
};
