import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { validateOpenRunRequest, validateProposeRequest, validateReasonRequest, validateRenewRunRequest, validateReportOutcomeRequest } from '@countersign/contracts';
import type { EndRunRequest, OpenRunRequest, ProposeRequest, ReasonRequest, RenewRunRequest, ReportOutcomeRequest } from '@countersign/contracts';
import { peekClient } from '@countersign/identity';
import { CodedError, validated } from '@countersign/service-host';
import type { ServerResponse } from 'node:http';
import type { HeldRun } from '../app/run-book.ts';
import type { Gateway } from '../compose.ts';
import { defaultWaitMs, isEndRequest } from './requests.ts';

export const GATEWAY = Symbol('Gateway');

/** The raw response under Fastify, taken over for a stream. */
export interface RawReply { readonly raw: ServerResponse; hijack(): unknown }

/** For agents: everything behind opening needs the bearer secret of the run. */
@Controller('runs')
export class RunsController {
  readonly #gateway: Gateway;
  constructor(@Inject(GATEWAY) gateway: Gateway) {
    this.#gateway = gateway;
  }

  #held(run: string, authorization: string | undefined): HeldRun {
    return this.#gateway.find(run, /^Bearer ([A-Za-z0-9_-]{43})$/.exec(authorization ?? '')?.[1]);
  }

  @Post()
  open(@Body(validated(validateOpenRunRequest)) body: OpenRunRequest) {
    const agent = peekClient(body.client_assertion);
    if (agent === undefined || !/^[\w.:-]{1,128}$/.test(agent)) throw new CodedError('client_assertion_invalid', 'the client assertion names no agent');
    const { text, attestation } = body.instruction;
    return this.#gateway.runs.open({ agent, assertion: body.client_assertion, instruction: { text, attestation: attestation ?? null }, purpose: body.purpose });
  }

  @Post(':run/token')
  @HttpCode(200)
  renew(@Param('run') run: string, @Headers('authorization') authorization: string | undefined, @Body(validated(validateRenewRunRequest)) body: RenewRunRequest) {
    const held = this.#held(run, authorization);
    if (peekClient(body.client_assertion) !== held.agent) throw new CodedError('client_assertion_invalid', 'the assertion is not by the agent of this run');
    return this.#gateway.runs.renew(held, body.client_assertion);
  }

  @Post(':run/actions')
  @HttpCode(200)
  propose(@Param('run') run: string, @Headers('authorization') authorization: string | undefined, @Body(validated(validateProposeRequest)) body: ProposeRequest) {
    const { wait_ms, deadline, reason, confidence, depends_on, ...rest } = body;
    return this.#gateway.runs.propose(this.#held(run, authorization), { ...rest, deadline: deadline ?? null, reason: reason ?? null, confidence: confidence ?? null, ...(depends_on !== undefined && { dependsOn: depends_on }), waitMs: wait_ms ?? defaultWaitMs });
  }

  @Get(':run/actions/:action')
  show(@Param('run') run: string, @Param('action') action: string, @Headers('authorization') authorization: string | undefined) {
    return this.#gateway.runs.show(this.#held(run, authorization), action);
  }

  @Post(':run/actions/:action/claim')
  @HttpCode(200)
  claim(@Param('run') run: string, @Param('action') action: string, @Headers('authorization') authorization: string | undefined) {
    return this.#gateway.runs.claim(this.#held(run, authorization), action);
  }

  @Post(':run/actions/:action/outcome')
  @HttpCode(202)
  async outcome(@Param('run') run: string, @Param('action') action: string, @Headers('authorization') authorization: string | undefined, @Body(validated(validateReportOutcomeRequest)) { duration_ms, ...body }: ReportOutcomeRequest) {
    await this.#gateway.runs.outcome(this.#held(run, authorization), action, { ...body, durationMs: duration_ms ?? null });
    return { action, sent: true };
  }

  @Post(':run/actions/:action/cancel')
  @HttpCode(202)
  async cancel(@Param('run') run: string, @Param('action') action: string, @Headers('authorization') authorization: string | undefined, @Body(validated(validateReasonRequest)) body: ReasonRequest) {
    await this.#gateway.runs.cancel(this.#held(run, authorization), action, body.reason);
    return { action, sent: true };
  }

  @Post(':run/end')
  @HttpCode(202)
  async end(@Param('run') run: string, @Headers('authorization') authorization: string | undefined, @Body(validated(isEndRequest)) body?: EndRunRequest) {
    await this.#gateway.runs.end(this.#held(run, authorization), body?.reason ?? 'completed');
    return { run, sent: true };
  }

  @Get(':run/events')
  events(@Param('run') run: string, @Headers('authorization') authorization: string | undefined, @Headers('last-event-id') lastEventId: string | undefined, @Res() reply: RawReply) {
    const held = this.#held(run, authorization);
    this.#gateway.streams.open(reply.raw, held.events, { reader: run, lastEventId, lastEvent: 'ended' });
    reply.hijack();
  }
}
