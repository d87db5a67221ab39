import { accepted, nothingNew } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { ToolSnapshot } from '@countersign/contracts';

export type ToolDefinition = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;

/** `definition` is the SHA-256 of the canonical definition: grants name it, so a changed tool voids them. */
export interface ToolPut { readonly type: 'tool.put'; readonly tool: ToolDefinition; readonly definition: string; readonly by: string; readonly at: number }
export interface PutTool { readonly type: 'put'; readonly tool: ToolDefinition; readonly definition: string; readonly by: string; readonly now: number }
export type Tool = { readonly status: 'none' } | { readonly status: 'declared'; readonly tool: ToolDefinition; readonly definition: string };

/** Every change of content is a new version; the same content again is nothing new. */
export const toolDecider: Decider<PutTool, ToolPut, Tool, never> = {
  initialState: { status: 'none' },
  decide: (command, state) => state.status === 'declared' && state.definition === command.definition
    ? nothingNew
    : accepted({ type: 'tool.put', tool: command.tool, definition: command.definition, by: command.by, at: command.now }),
  evolve: (_, event) => {
    if (event.type !== 'tool.put') throw new Error(`unexpected tool event: ${JSON.stringify(event)}`);
    return { status: 'declared', tool: event.tool, definition: event.definition };
  },
};
