import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateClaimRequest, validateHaltRequest, validateReasonRequest, validateSupplyFactRequest } from '@countersign/contracts';
import type { ClaimRequest, HaltRequest, ReasonRequest, SupplyFactRequest } from '@countersign/contracts';
import { CodedError, OnlyStops, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';
import { SUPERVISION } from './governed.consumer.ts';
import { runFilter } from './queries.ts';
import type { Query as Asked } from './queries.ts';

const notFound = (what: string) => new CodedError('not_found', `there is no such ${what}`, { status: 404 });

/** Halts and cancels are for supervisors; runs can be seen by anyone enrolled, but for what waits for people, which approvals show; a claim needs nothing but a valid grant. */
@Controller()
export class SupervisionController {
  readonly #supervision: Supervision;
  readonly #tenant: string;
  constructor(@Inject(SUPERVISION) supervision: Supervision, @Inject('tenant') tenant: string) {
    this.#supervision = supervision;
    this.#tenant = tenant;
  }

  @Post('claims')
  @HttpCode(200)
  async claim(@Body(validated(validateClaimRequest)) body: ClaimRequest) {
    return { claim: await this.#supervision.claim(body.grant, body.fence) };
  }

  @Post('halts')
  @OnlyStops()
  @UseGuards(PersonGuard)
  @Roles('supervisor', 'operator')
  halt(@Body(validated(validateHaltRequest)) body: HaltRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#supervision.halt({ scope: { kind: body.scope.kind, id: body.scope.id ?? null }, mode: body.mode ?? 'halt', by: person, reason: body.reason });
  }

  @Get('halts')
  @UseGuards(PersonGuard)
  async halts() {
    return { halts: await this.#supervision.stops.halts() };
  }

  @Post('halts/:halt/lift')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('supervisor', 'operator')
  async lift(@Param('halt') halt: string, @Body(validated(validateReasonRequest)) body: ReasonRequest, @Person() { person }: AuthenticatedPerson) {
    const lifted = await this.#supervision.lift(halt, person, body.reason);
    if (lifted === undefined) throw notFound('halt');
    if (!lifted) throw new CodedError('store_unavailable', 'a lift needs the topic and the database; one of them did not answer. Nothing runs again yet: try again', { status: 503 });
    return { halt, lifted };
  }

  @Post('runs/:run/revoke')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  async revoke(@Param('run') run: string, @Body(validated(validateReasonRequest)) body: ReasonRequest, @Person() person: AuthenticatedPerson) {
    return { run, halt: await this.#supervision.revoke(run, person, body.reason) };
  }

  @Post('runs/:run/actions/:action/cancel')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('supervisor', 'operator')
  async cancel(@Param('run') run: string, @Param('action') action: string, @Body(validated(validateReasonRequest)) body: ReasonRequest, @Person() { person }: AuthenticatedPerson) {
    if (!await this.#supervision.cancel(run, action, person, body.reason)) throw new CodedError('conflict', 'too late to cancel: this action is unknown, has ended, was claimed, or has a grant out that needs no claim, so that it may be running. Terminate the run, and every tool refuses what is still out', { status: 409 });
    return { action, cancelled: true };
  }

  @Post('runs/:run/actions/:action/facts')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  async supply(@Param('run') run: string, @Param('action') action: string, @Body(validated(validateSupplyFactRequest)) body: SupplyFactRequest, @Person() person: AuthenticatedPerson) {
    await this.#supervision.supply(run, action, person, body);
    return { action, fact: body.fact, sent: true };
  }

  @Get('runs')
  @UseGuards(PersonGuard)
  async runs(@Query() query: Asked, @Person() { roles }: AuthenticatedPerson) {
    return { runs: await this.#supervision.runs.list(this.#tenant, runFilter(query, roles), 200) };
  }

  @Get('runs/:run')
  @UseGuards(PersonGuard)
  async run(@Param('run') run: string, @Query() query: Asked, @Person() { roles }: AuthenticatedPerson) {
    const found = await this.#supervision.stops.detail(run, runFilter(query, roles));
    if (!found) throw notFound('run');
    return found;
  }
}
