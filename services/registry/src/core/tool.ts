import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { ToolSnapshot } from '@countersign/contracts';
import { mayLoosen } from './tool-change.ts';

export type ToolDefinition = Omit<ToolSnapshot, 'tenant' | 'version' | 'definition'>;

/** `definition` is the SHA-256 of the canonical definition: grants name it, so a changed tool voids them. */
export interface ToolPut { readonly type: 'tool.put'; readonly tool: ToolDefinition; readonly definition: string; readonly by: string; /** Who countersigned a change that may loosen, and how. */ readonly review?: { readonly by: string; readonly jws: string }; readonly at: number }
/** A second person's verified signature under the change from one definition to another. */
export interface ToolReview { readonly by: string; readonly roles: readonly string[]; readonly tool: string; readonly definition: string; readonly replaces: string; readonly jws: string }
export interface PutTool { readonly type: 'put'; readonly tool: ToolDefinition; readonly definition: string; readonly review?: ToolReview | null; readonly by: string; readonly now: number }
export type ToolCode = 'review_required' | 'self_approval';
/** `inForce`: the last definition by which anything could be allowed; null while it only ever waited for its review. */
export type Tool = { readonly status: 'none' } | {
  readonly status: 'declared'; readonly tool: ToolDefinition; readonly definition: string; readonly inForce: ToolDefinition | null;
  /** Reviews that carried a change: each carries one, or a change taken back could be made again by the old signature. */
  readonly used: readonly string[];
};

export const toolReviewerRole = 'policy-reviewer';

/** By a definition that waits for its review policy denies everything. */
const isInForce = ({ source }: ToolDefinition): boolean => source === undefined || source.status === 'reviewed';

/**
 * Every change of content is a new version; the same content again is nothing new. A change that may loosen what is decided needs a
 * second person; what counts is the last definition that was in force, so that nothing gets round it by waiting for a review in between.
 */
export const toolDecider: Decider<PutTool, ToolPut, Tool, ToolCode> = {
  initialState: { status: 'none' },
  decide: ({ tool, definition, review, by, now }, state) => {
    const put = { type: 'tool.put' as const, tool, definition, by, at: now };
    if (state.status === 'none') return accepted(put);
    if (state.definition === definition) return nothingNew;
    const ways = !isInForce(tool) || state.inForce === null ? [] : [...mayLoosen(state.inForce, tool), ...(isInForce(state.tool) ? [] : ['it is out of scope and would be in scope again'])];
    if (ways.length === 0) return accepted(put);
    const fits = review && review.tool === tool.tool && review.definition === definition && review.replaces === state.definition && review.roles.includes(toolReviewerRole);
    if (!fits) return refused('review_required', `${tool.tool}: ${ways.join('; ')}. Somebody else with the role ${toolReviewerRole} has to sign the change from ${state.definition} to ${definition}`);
    if (state.used.includes(review.jws)) return refused('review_required', `${tool.tool}: this review has carried a change before; the same change again is reviewed again`);
    if (review.by === by) return refused('self_approval', `${tool.tool}: whoever changes a tool cannot review the change`);
    return accepted({ ...put, review: { by: review.by, jws: review.jws } });
  },
  evolve: (state, event) => {
    if (event.type !== 'tool.put') throw new Error(`unexpected tool event: ${JSON.stringify(event)}`);
    const used = state.status === 'none' ? [] : state.used;
    return { status: 'declared', tool: event.tool, definition: event.definition, used: event.review === undefined ? used : [...used, event.review.jws], inForce: isInForce(event.tool) ? event.tool : state.status === 'none' ? null : state.inForce };
  },
};
