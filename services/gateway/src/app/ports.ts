import type { JsonObject, Reply } from '@countersign/contracts';
import type { Instruction, Run, Session } from '@countersign/sdk';

export interface OpenedRun {
  readonly run: Run;
  /** Gives the next renewal of the token an assertion that the agent signed. */
  readonly supply: (assertion: string) => void;
}

/** Opens a run at the registry and on the bus with the agent's own assertion. Throws the SDK's RunFailed. */
export type OpenRun = (request: { readonly agent: string; readonly assertion: string; readonly instruction: Instruction; readonly purpose: string | undefined; readonly onReply: (reply: Reply) => void }) => Promise<OpenedRun>;

/** Counts within a minute over all gateways. */
export interface RateLimit {
  /** Throws `rate_limited` when the agent used its minute up. */
  check(agent: string): Promise<void>;
  /** Counts one, and throws where that is one too many. */
  count(agent: string): Promise<void>;
}

/** What an agent's assertion opened at the registry: runs of this agent without a further word of it, until `expiresAt` (epoch ms). */
export interface AgentSession {
  readonly agent: string;
  readonly expiresAt: number;
  /** Opens so many runs at the registry. @param live the agent's session of the moment: it renews their tokens */
  mint(count: number, live: () => AgentSession): Promise<readonly Session[]>;
  /** A new token for a run of this agent whose session key is the given one. */
  renewal(run: string, sessionKey: string): Promise<Record<string, unknown>>;
  /** Starts a run in its session; does not wait. */
  begin(session: Session, instruction: string): Run;
}

/** Throws the SDK's RunFailed. */
export type OpenAgentSession = (request: { readonly agent: string; readonly assertion: string }) => Promise<AgentSession>;

/** Who is who, as the registry says now. */
export interface Directory {
  /** Whether an agent may ask for somebody: itself, its owner, its principals. Throws `stale_snapshot` where that is not known now. */
  speaksFor(agent: string, subject: { readonly type: string; readonly id: string }): boolean;
  /** Argument schema of a tool of the catalogue. */
  schemaOf(tool: string): JsonObject | undefined;
  /** Digest of a tool's definition. */
  definitionOf(tool: string): string | undefined;
  /** What the catalogue calls a tool: for people to read, nothing rests on it. */
  titleOf(tool: string): string | undefined;
}
