import type { OutboxMessage } from '@countersign/event-store';
import type { ApprovalEvent } from '../core/events.ts';
import type { Approval } from '../core/state.ts';
import type { ApprovalCommand } from '../core/commands.ts';
import type { JsonObject } from '@countersign/contracts';
import type { AgentRecord } from '../core/agent-record.ts';
import type { Current } from '../core/current.ts';
import type { Instruction } from '../core/events.ts';
import type { Making, OpenApprovals } from '../core/react.ts';

/** Domain events as messages for others: to the inbox when an approval is resolved, to the record always. */
export type ToMessages = (approval: string, events: readonly ApprovalEvent[], state: Approval, version: number, by: string) => readonly OutboxMessage[];

/** The read model of approvals, always behind the event store and able to catch up. */
export interface ApprovalIndex {
  put(approval: string, state: Approval, version: number): Promise<void>;
  /** Open approvals of these runs. */
  open(runs: readonly string[]): Promise<OpenApprovals>;
  /** Whether as many are open of this agent, or of one of its owners, as may be. */
  crowded(agent: string, owners: readonly string[], most: { readonly agent: number; readonly owner: number }): Promise<boolean>;
  /** Open approvals of which something is due: a reminder, an escalation, the end. As of the model, which may be behind their streams. */
  due(now: number, limit: number): Promise<readonly { readonly approval: string; readonly state: Approval; readonly version: number }[]>;
  /** As put, of many that are there. */
  putAll(changes: readonly { readonly approval: string; readonly state: Approval; readonly version: number }[]): Promise<void>;
}

/** What a new approval is made with. */
export interface MakingPorts extends Omit<Making, 'agentRecord' | 'current' | 'instruction'> { readonly tenant: string; recordOf(agent: string): Promise<AgentRecord>; /** Undefined of a run that began before this was kept. */ instructionOf(run: string): Promise<Instruction | undefined>; /** What stands there before the change; undefined where nobody can be asked. Never rejects. */ currentOf(tool: string, args: JsonObject): Promise<Current | undefined>; /** Answers a question by what people agreed to beforehand; null where they have to be asked. */ agreedBefore(approval: string, command: Extract<ApprovalCommand, { type: 'request' }>): Promise<{ readonly state: Approval; readonly version: number } | null>; readonly mostOpen: { readonly agent: number; readonly owner: number } }
