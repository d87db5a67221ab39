import { Body, Controller, Get, Header, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { validateOpenRunsRequest, validateTokenRequest } from '@countersign/contracts';
import type { OpenRunsRequest, TokenRequest } from '@countersign/contracts';
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
};

@Controller()
export class OauthController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Post('oauth2/token')
  @HttpCode(200)
  async token(@Body() body: unknown, @Res() reply: Reply) {
    const answer = validateTokenRequest(body)
      ? await this.#registry.token(body as TokenRequest)
      : { status: 'refused' as const, code: 'invalid_request' as const, detail: `${validateTokenRequest.errors?.[0]?.instancePath ?? ''} ${validateTokenRequest.errors?.[0]?.message ?? 'is wrong'}`.trim() };
    reply.header('cache-control', 'no-store');
    if (answer.status === 'issued') return reply.send(answer.response);
    const { error, status } = oauthErrors[answer.code] ?? { error: 'invalid_grant', status: 400 };
    return reply.code(status).send({ error, error_description: answer.detail, code: answer.code });
  }

  @Post('oauth2/runs')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  runs(@Body(validated(validateOpenRunsRequest)) body: OpenRunsRequest) {
    return this.#registry.runs(body);
  }

  @Get('.well-known/jwks.json')
  jwks() {
    return { keys: this.#registry.jwks };
  }
}
