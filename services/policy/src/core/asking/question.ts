import type { ActionProposed, CheckedEvidence, Decision, Fact, JsonObject, Modification } from '@countersign/contracts';
import { bindingOf, factorsOf, fill } from '@countersign/kernel';
import type { Voter } from '@countersign/kernel';
import type { RunState } from '../state.ts';
import type { KnownTool, World } from '../world.ts';
import type { Demand } from './asked.ts';

type Asked = NonNullable<Decision['approval']>;

/** The action that people are asked about, as it was judged. */
export interface About {
  readonly run: RunState; readonly runId: string; readonly round: number; readonly message: ActionProposed; readonly tool: KnownTool; readonly owners: readonly string[];
  readonly arguments: JsonObject; readonly modified: Modification | null; readonly facts: Readonly<Record<string, Fact>>; readonly evidence: readonly CheckedEvidence[] | undefined;
}

/** What must still be the same when it is decided again. */
export const subjectOf = (world: World, { run, runId, message, tool, arguments: args }: Pick<About, 'run' | 'runId' | 'message' | 'tool' | 'arguments'>): string =>
  world.digest({ tenant: run.tenant, run: runId, agent: run.agent, session: run.jkt, action: message.action, tool: message.tool, definition: tool.snapshot.definition, arguments: args });

/** The question as it goes on the record: whom, until when, and the one digest that every vote has to sign. */
export const askedOf = (world: World, about: About, demand: Demand, decided: Omit<Decision, 'approval' | 'decision' | 'code' | 'claim'>): Asked => {
  const { run, runId, round, message, tool, modified, facts } = about;
  const objects = about.evidence?.map((item) => world.digest(item as unknown as JsonObject)) ?? [];
  const approval = {
    ...demand, nonce: `${runId}:${message.action}:${round}`, subject: subjectOf(world, about),
    bound: {
      definition: tool.snapshot.definition, catalogue: tool.snapshot.version, session: run.jkt, owners: [...about.owners],
      instruction: world.digest(run.instruction.text), instructedBy: run.instruction.attestedBy, ...(objects.length > 0 && { objects }),
    },
  };
  const record = { tenant: run.tenant, run: runId, agent: run.agent, action: message.action, tool: message.tool, round, message, modified, facts, decision: { ...decided, approval: { ...approval, digest: '' } } };
  return { ...approval, digest: world.digest(bindingOf(record) as JsonObject) };
};

/** Whether those who agreed are enough for what would be asked by now; who became a requester since then does not count. */
export const stillEnough = (demand: Demand, asked: Asked, voters: readonly Voter[] = [], now: number): boolean => {
  const factors = factorsOf({ ...demand, ...(asked.escalations !== undefined && { escalations: asked.escalations }) }, now);
  return fill(factors, voters.filter(({ person }) => !demand.requesters.includes(person))).met;
};
