import { Body, Controller, Get, Header, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { validateExtendScopeRequest, validateOpenRunsRequest, validateTokenExchangeRequest, validateTokenRequest } from '@countersign/contracts';
import type { ExtendScopeRequest, OpenRunsRequest, TokenExchangeRequest, TokenRequest } from '@countersign/contracts';
import { validated } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';

export const REGISTRY = Symbol('RegistryService');

interface Reply { code(status: number): Reply; header(name: string, value: string): Reply; send(body: unknown): unknown }

/** RFC 6749 section 5.2: our codes as OAuth errors. */
const oauthErrors: Readonly<Record<string, { readonly error: string; readonly status: number }>> = {
  unauthenticated: { error: 'invalid_client', status: 401 },
  client_assertion_invalid: { error: 'invalid_client', status: 401 },
  assertion_used: { error: 'invalid_client', status: 401 },
  key_expired: { error: 'invalid_client', status: 401 },
  credential_revoked: { error: 'invalid_client', status: 401 },
  stale_snapshot: { error: 'temporarily_unavailable', status: 503 },
  agent_not_active: { error: 'unauthorized_client', status: 403 },
  invalid_request: { error: 'invalid_request', status: 400 },
  rate_limited: { error: 'slow_down', status: 429 },
  invalid_scope: { error: 'invalid_scope', status: 400 },
  halts_stale: { error: 'temporarily_unavailable', status: 503 },
  revocations_stale: { error: 'temporarily_unavailable', status: 503 },
  hot_state_unavailable: { error: 'temporarily_unavailable', status: 503 },
};

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

@Controller()
export class OauthController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Post('oauth2/token')
  @HttpCode(200)
  async token(@Body() body: unknown, @Res() reply: Reply) {
    const answer = await this.#answer(body);
    reply.header('cache-control', 'no-store');
    if (answer.status === 'issued') return reply.send(answer.response);
    const { error, status } = oauthErrors[answer.code] ?? { error: 'invalid_grant', status: 400 };
    return reply.code(status).send({ error, error_description: answer.detail, code: answer.code });
  }

  /** One endpoint for both grants, as RFC 6749 and RFC 8693 have it. */
  #answer(body: unknown) {
    const exchange = (body as { grant_type?: unknown } | null)?.grant_type === exchangeGrant;
    const check = exchange ? validateTokenExchangeRequest : validateTokenRequest;
    if (!check(body)) return { status: 'refused' as const, code: 'invalid_request' as const, detail: `${check.errors?.[0]?.instancePath ?? ''} ${check.errors?.[0]?.message ?? 'is wrong'}`.trim() };
    return exchange ? this.#registry.exchange(body as TokenExchangeRequest) : this.#registry.token(body as TokenRequest);
  }

  @Post('oauth2/runs')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  runs(@Body(validated(validateOpenRunsRequest)) body: OpenRunsRequest) {
    return this.#registry.runs(body);
  }

  @Post('oauth2/scope')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  scope(@Body(validated(validateExtendScopeRequest)) body: ExtendScopeRequest) {
    return this.#registry.extendScope(body);
  }

  @Get('.well-known/jwks.json')
  jwks() {
    return { keys: this.#registry.jwks };
  }
}
