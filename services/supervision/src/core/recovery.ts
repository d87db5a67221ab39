import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltNotice } from '@countersign/contracts';

export type Stage = 'reads' | 'reversible' | 'all';
const order: readonly Stage[] = ['reads', 'reversible', 'all'];

export interface KnownTool { readonly tool: string; readonly consequential: boolean; readonly reversible: boolean }
export interface RecoveryAsked { readonly stage: Stage; readonly agents: readonly string[] | null; readonly by: string; readonly reason: string; readonly now: number }
export interface RecoveryStep { readonly root: string; /** What holds from now on; null: nothing. It is said before `lift` is, so that nothing is free in between. */ readonly next: HaltNotice | null; readonly lift: HaltNotice }
export type RecoveryCode = 'conflict' | 'too_large';

const name = /^stage:(reads|reversible):(\d+):(.+)$/;
/** The halt that a stage goes back to. */
export const rootOf = (halt: string): string => name.exec(halt)?.[3] ?? halt;
const numberOf = (halt: string): number => Number(name.exec(halt)?.[2] ?? 0);
/** How far a halt was taken back; null where it still holds everything. */
export const stageOf = (halt: string): Stage | null => (name.exec(halt)?.[1] ?? null) as Stage | null;
const most = 500;

const goesOn = (stage: Stage, tools: readonly KnownTool[]): readonly string[] => tools.filter(({ consequential, reversible }) => !consequential || (stage === 'reversible' && reversible)).map(({ tool }) => tool).sort();

/**
 * The next stage of taking a halt back. Each stage is a halt of the same scope which exempts what may go on, so that the same points enforce it; one stage
 * after the other, and none before everybody has confirmed the one before. @param missing who has not confirmed what is in force
 */
export const recover = (inForce: HaltNotice, tools: readonly KnownTool[], missing: readonly string[], asked: RecoveryAsked): { readonly status: 'ok'; readonly step: RecoveryStep } | Refused<RecoveryCode> => {
  const { stage, agents, by, reason, now } = asked;
  if (inForce.mode !== 'halt' || inForce.scope.kind === 'run') return refused<RecoveryCode>('conflict', 'halts of agents, tools, a tenant or everything are taken back in stages; lift this one, or resume the run');
  if (missing.length > 0) return refused<RecoveryCode>('conflict', `not everybody has confirmed what holds now: ${missing.slice(0, 5).join(', ')}`);
  const done = stageOf(inForce.halt), before = done === null ? -1 : order.indexOf(done), wanted = order.indexOf(stage);
  const narrower = inForce.except?.agents !== undefined && wanted === before;
  if (wanted !== before + 1 && !narrower) return refused<RecoveryCode>('conflict', done === null ? 'the first stage is reads' : `the stage after ${done} is ${order[before + 1]}`);
  const root = rootOf(inForce.halt);
  if (stage === 'all') {
    if (agents !== null) return refused<RecoveryCode>('conflict', 'the last stage is for all agents');
    if (inForce.except?.agents !== undefined) return refused<RecoveryCode>('conflict', `only some agents are at ${done}: take the others there first`);
    return { status: 'ok', step: { root, next: null, lift: inForce } };
  }
  const free = goesOn(stage, tools);
  if (free.length > most || (agents?.length ?? 0) > most) return refused<RecoveryCode>('too_large', `a stage names up to ${most} tools and agents: lift the halt, or halt something narrower`);
  const { scope, tenant, mode } = inForce;
  return { status: 'ok', step: { root, lift: inForce, next: { halt: `stage:${stage}:${numberOf(inForce.halt) + 1}:${root}`, op: 'halt', mode, tenant, scope, by, reason, at: now, except: { tools: [...free], ...(agents !== null && { agents: [...agents] }) } } } };
};
