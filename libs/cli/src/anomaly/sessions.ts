import { hash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { toObservation } from '@countersign/anomaly/app/rekey';
import type { ActionSeen } from '@countersign/anomaly/core/observation';
import type { GovernedDecided } from '@countersign/contracts';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import { inferTools } from '../catalogue/infer.ts';
import { createUses } from '../catalogue/uses.ts';
import { compileTools, runOffline } from '../replay/offline-run.ts';
import { readSessions } from '../replay/session.ts';
import type { RecordedSession } from '../replay/session.ts';
import { agentOf, packFolder, packTools } from '../replay/setup.ts';

/** A recorded session as anomaly detection sees it: what policy derives of each call, and what the file says it was. */
export interface Labelled {
  readonly id: string;
  readonly suite: string;
  readonly agent: string;
  /** The model; in the evaluation also who owns the agent. */
  readonly pipeline: string;
  readonly task: string;
  readonly instruction: string;
  /** No attack was in what its tools returned. */
  readonly benign: boolean;
  /** It obeyed one. */
  readonly hijacked: boolean;
  readonly actions: readonly ActionSeen[];
  readonly failed: readonly boolean[];
  readonly labels: readonly (0 | 1 | null)[];
}

/**
 * Reads sessions and has policy's own core derive the facts of each call, its agents in observe mode: nothing is stopped, so that what follows rests on what was recorded.
 * @param catalogue `none`: as if the pack had no catalogue; every entry is inferred, as for a workplace that nobody knows
 */
export const readLabelled = async (file: string, catalogue: 'pack' | 'none' = 'pack'): Promise<readonly Labelled[]> => {
  const sessions: RecordedSession[] = [];
  for await (const session of readSessions(file)) sessions.push(session);
  const { bundle } = await loadBundle(fileURLToPath(packFolder));
  const pack = catalogue === 'pack' ? await packTools() : [];
  const known = pack.map((tool) => tool.tool);
  const unknown = createUses(new Set(known));
  for (const session of sessions) unknown.see(session);
  const tools = compileTools([...pack, ...inferTools(unknown.uses(), known)]);
  return sessions.map((session) => {
    const played = [...runOffline(session, bundle, tools, true)];
    return {
      id: session.session_id, suite: session.suite, pipeline: session.pipeline, agent: agentOf(session), instruction: session.instruction,
      task: `${session.suite}/${session.user_task ?? session.instruction}`,
      benign: session.injection_task === null && session.calls.every((call) => call.injected !== 1), hijacked: session.calls.some((call) => call.injected === 1),
      actions: played.map(({ decided }) => seenOf(decided, session)), failed: played.map(({ call }) => call.error !== null), labels: played.map(({ call }) => call.injected),
    };
  });
};

/** As the service re-keys it. The workplace stands for the role that its agents would have: the recordings know none. */
const seenOf = (decided: GovernedDecided, session: RecordedSession): ActionSeen => {
  const seen = toObservation(decided, { digest, registered: () => ({ roles: [], owner: session.pipeline, version: 1 }) });
  if (seen?.kind !== 'action') throw new Error(`a call of ${session.session_id} is no action`);
  return { ...seen, agent: agentOf(session), group: session.suite };
};

const digest = (text: string): string => hash('sha256', text, 'base64url');
