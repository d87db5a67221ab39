import type { Reply } from '@countersign/contracts';
import type { Instruction, Run } from '@countersign/sdk';

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
