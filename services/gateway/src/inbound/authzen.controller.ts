import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { validateAccessTokenRequest } from '@countersign/contracts';
import type { AccessTokenRequest, AuthzenConfiguration } from '@countersign/contracts';
import { peekClient } from '@countersign/identity';
import { CodedError, validated } from '@countersign/service-host';
import type { Account } from '../app/accounts.ts';
import type { Gateway } from '../compose.ts';
import { Malformed, readEvaluation, readEvaluations } from '../core/authzen.ts';
import { GATEWAY } from './runs.controller.ts';

/** AuthZEN Authorization API 1.0: the decision point's own paths, and the token its callers need. */
@Controller()
export class AuthzenController {
  readonly #gateway: Gateway;
  constructor(@Inject(GATEWAY) gateway: Gateway) {
    this.#gateway = gateway;
  }

  #account(authorization: string | undefined): Account {
    return this.#gateway.accounts.find(/^Bearer ([A-Za-z0-9_-]{43})$/.exec(authorization ?? '')?.[1]);
  }

  @Post('oauth2/token')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  token(@Body(validated(validateAccessTokenRequest)) { client_assertion: assertion, client_id: client }: AccessTokenRequest) {
    const agent = peekClient(assertion);
    if (agent === undefined || !/^[\w.:-]{1,128}$/.test(agent) || (client !== undefined && client !== agent)) throw new CodedError('client_assertion_invalid', 'the client assertion names no agent');
    return this.#gateway.accounts.open(agent, assertion);
  }

  @Post('access/v1/evaluation')
  @HttpCode(200)
  evaluation(@Headers('authorization') authorization: string | undefined, @Body() body: unknown) {
    const account = this.#account(authorization);
    return this.#gateway.evaluations.evaluate(account, wellFormed(readEvaluation(body)));
  }

  @Post('access/v1/evaluations')
  @HttpCode(200)
  async batch(@Headers('authorization') authorization: string | undefined, @Body() body: unknown) {
    const account = this.#account(authorization);
    const asked = wellFormed(readEvaluations(body));
    if (asked.single) return this.#gateway.evaluations.evaluate(account, wellFormed(asked.items[0]!));
    return { evaluations: await this.#gateway.evaluations.evaluateAll(account, asked) };
  }

  @Get('.well-known/authzen-configuration')
  @Header('cache-control', 'max-age=300')
  configuration(): AuthzenConfiguration {
    const at = this.#gateway.publicUrl;
    return { policy_decision_point: at, access_evaluation_endpoint: `${at}/access/v1/evaluation`, access_evaluations_endpoint: `${at}/access/v1/evaluations` };
  }
}

const wellFormed = <T>(read: T | Malformed): T => {
  if (read instanceof Malformed) throw new CodedError('invalid_request', read.why);
  return read;
};
