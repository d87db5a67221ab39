import type { ExtendScopeRequest, ScopeExtension } from '@countersign/contracts';
import { validateExtendScopeResponse } from '@countersign/contracts';
import { extendScopeTool, registryAudience } from '@countersign/kernel';
import type { ProposedAction } from './action.ts';
import type { RuntimeContext } from './context.ts';
import { ActionDenied } from './errors.ts';
import { post } from './http.ts';
import type { Session } from './session.ts';

/** Names of tools, for how many minutes (1 to 60), and why: people read it. */
export type ExtraScope = ExtendScopeRequest['arguments'];

export interface ExtendScopeOptions {
  /** How long to wait for people, ms. Default 0. */
  readonly waitMs?: number;
}

/** Waits for the grant, presents it to the registry once, and goes on with the token that carries the extra scope. Throws ActionDenied, also where the registry refuses. */
export const extendScope = async (context: RuntimeContext, proposed: ProposedAction, session: Session, options: ExtendScopeOptions): Promise<ScopeExtension> =>
  proposed.execute(async (args, { grant, claim, sessionProof }) => {
    let extension: ScopeExtension | undefined;
    await session.replace(async () => {
      const request = { subject_token: session.token().text, grant, claim, session_proof: sessionProof, arguments: args };
      const answer = await post({ url: `${context.registryUrl}/oauth2/scope`, body: JSON.stringify(request), contentType: 'application/json', timeoutMs: 5_000, fetch: context.fetch });
      const denied = (code: string, detail: string) => new ActionDenied({ code, detail, action: proposed.action, tool: extendScopeTool, tier: null, decision: null });
      if (!answer.ok) throw denied(answer.code, answer.detail);
      if (!validateExtendScopeResponse(answer.body)) throw denied('bad_answer', 'the registry answered without a usable token');
      ({ extension } = answer.body);
      return { ...answer.body };
    });
    return extension!;
  }, { ...options, audience: registryAudience, report: ({ tools, until }) => ({ result: JSON.stringify({ tools, until }) }) });
