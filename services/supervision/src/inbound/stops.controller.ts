import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateBulkRequest, validateEnrolGuardRequest, validateReasonRequest, validateReconcileRequest } from '@countersign/contracts';
import type { BulkRequest, EnforcementPoints, EnrolGuardRequest, ReasonRequest, ReconcileRequest, RunStopResponse } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';
import { liveMs } from '../core/enforcement.ts';
import { SUPERVISION } from './governed.consumer.ts';

/** Verbs for runs, one or many, and who confirms that they hold. Who may do what is decided where it is done: a senior decision is its route's. */
@Controller()
@UseGuards(PersonGuard)
export class StopsController {
  readonly #supervision: Supervision;
  readonly #tenant: string;
  constructor(@Inject(SUPERVISION) supervision: Supervision, @Inject('tenant') tenant: string) {
    this.#tenant = tenant;
    this.#supervision = supervision;
  }

  @Post('runs/:run/pause')
  @HttpCode(200)
  pause(@Param('run') run: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson): Promise<RunStopResponse> {
    return this.#supervision.stops.stop(run, 'pause', by, reason);
  }

  @Post('runs/:run/resume')
  @HttpCode(200)
  resume(@Param('run') run: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson): Promise<RunStopResponse> {
    return this.#supervision.stops.stop(run, 'resume', by, reason);
  }

  @Post('runs/:run/cancel')
  @HttpCode(200)
  cancel(@Param('run') run: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson): Promise<RunStopResponse> {
    return this.#supervision.stops.stop(run, 'cancel', by, reason);
  }

  @Post('runs/:run/terminate')
  @HttpCode(200)
  terminate(@Param('run') run: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson): Promise<RunStopResponse> {
    return this.#supervision.stops.stop(run, 'terminate', by, reason);
  }

  @Post('bulk')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  bulk(@Body(validated(validateBulkRequest)) body: BulkRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.stops.bulk(body, by);
  }

  @Post('drills')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  drill(@Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.stops.drill(by, reason);
  }

  @Get('attention')
  async attention() {
    const [unknown, failed, lost] = await Promise.all([this.#supervision.runs.unknown(this.#tenant, 500), this.#supervision.reversals.list({ status: 'failed' }), this.#supervision.reversals.list({ status: 'unknown' })]);
    return { unknown, reversals: [...failed, ...lost].slice(0, 500) };
  }

  @Post('runs/:run/actions/:action/reconcile')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  reconcile(@Param('run') run: string, @Param('action') action: string, @Body(validated(validateReconcileRequest)) body: ReconcileRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.stops.reconcile(run, action, body.outcome, by, body.reason);
  }

  @Get('enforcement')
  points(): EnforcementPoints {
    const now = Date.now();
    return { points: this.#supervision.stops.points().map(({ point, kind, heardAt, behind }) => ({ point, kind, heardAt, behind, live: heardAt !== null && now - heardAt <= liveMs })) };
  }

  @Post('enforcement/guards')
  @HttpCode(200)
  @Roles('operator')
  async enrol(@Body(validated(validateEnrolGuardRequest)) body: EnrolGuardRequest, @Person() { person }: AuthenticatedPerson): Promise<EnforcementPoints> {
    await this.#supervision.stops.enrolGuard(body.guard, body.key, person);
    return this.points();
  }

  @Post('enforcement/guards/:guard/remove')
  @HttpCode(200)
  @Roles('operator')
  async remove(@Param('guard') guard: string, @Body(validated(validateReasonRequest)) _: ReasonRequest): Promise<EnforcementPoints> {
    if (!await this.#supervision.stops.enforcement.remove(guard)) throw new CodedError('not_found', 'there is no such guard', { status: 404 });
    return this.points();
  }
}
