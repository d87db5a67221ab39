import { createKeySet, serviceOfKey } from '@countersign/identity';
import type { ExtendScopeRequest, ExtendScopeResponse, OpenRunsRequest, OpenRunsResponse, PublicJwk, TokenExchangeRequest, TokenRequest } from '@countersign/contracts';
import { registryAudience } from '@countersign/kernel';
import { CodedError } from '@countersign/service-host';
import { createToolGuard } from '@countersign/tool-guard';
import type { HaltView } from '@countersign/tool-guard';
import { exchangeToken } from './app/exchange-token.ts';
import { extendScope } from './app/extend-scope.ts';
import type { ScopeExtensions } from './app/extend-scope.ts';
import { issueRuns } from './app/issue-runs.ts';
import { issueToken } from './app/issue-token.ts';
import type { IssueDeps } from './app/issue-token.ts';

export interface TokenPorts extends Omit<IssueDeps, 'issuer' | 'perMinute' | 'extensionOf'> {
  readonly publicUrl: string; readonly tokensPerMinute: number; readonly jwks: readonly PublicJwk[]; readonly halts: HaltView; readonly extensions: ScopeExtensions;
  /** How many agents may act for one another in a row. */
  readonly delegationDepth: number;
}

/** Everything that hands out a token: for a run of one's own, for one run of many, for a child run, with more scope. */
export const composeTokens = (ports: TokenPorts) => {
  const keysOf = (service: string) => createKeySet(ports.jwks.filter(({ kid }) => serviceOfKey(kid) === service));
  const issuing = { ...ports, issuer: ports.publicUrl, perMinute: ports.tokensPerMinute, tokenKeys: keysOf('registry'), grantKeys: keysOf('policy'), extensionOf: ports.extensions.of };
  const guard = createToolGuard({ audience: registryAudience, jwks: createKeySet(ports.jwks), store: ports.hot, halts: ports.halts, revocations: ports.revocations, now: ports.now, refuseObserved: true });
  return {
    token: (request: TokenRequest) => issueToken(issuing, request),
    exchange: (request: TokenExchangeRequest) => exchangeToken({ ...issuing, guard }, request),
    runs: async (request: OpenRunsRequest): Promise<OpenRunsResponse> => {
      const issued = await issueRuns(issuing, request);
      if (issued.status === 'refused') throw new CodedError(issued.code, issued.detail);
      return issued.response;
    },
    extendScope: async (request: ExtendScopeRequest): Promise<ExtendScopeResponse> => {
      const issued = await extendScope({ ...issuing, guard }, ports.extensions, request);
      if (issued.status === 'refused') throw new CodedError(issued.code, issued.detail);
      return issued.response;
    },
  };
};
