import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateLeaseRequest, validateQuarantineRequest } from '@countersign/contracts';
import type { LeaseRequest, QuarantineRequest } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';
import { SUPERVISION } from './governed.consumer.ts';

/** Breakers, quarantine and budgets are people's to see; a lease is taken by a runtime, with its run's token and session key. */
@Controller()
export class BreakersController {
  readonly #supervision: Supervision;
  constructor(@Inject(SUPERVISION) supervision: Supervision) {
    this.#supervision = supervision;
  }

  @Post('quarantines')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('supervisor', 'operator')
  quarantine(@Body(validated(validateQuarantineRequest)) body: QuarantineRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.breaking.quarantine(body, by);
  }

  @Get('breakers')
  @UseGuards(PersonGuard)
  breakers() {
    return this.#supervision.breaking.breakers();
  }

  @Get('budgets')
  @UseGuards(PersonGuard)
  budgets() {
    return this.#supervision.breaking.budgets();
  }

  @Post('runs/:run/lease')
  @HttpCode(200)
  lease(@Param('run') run: string, @Body(validated(validateLeaseRequest)) body: LeaseRequest) {
    return this.#supervision.breaking.lease(run, body);
  }

  @Get('leases')
  @UseGuards(PersonGuard)
  leases() {
    return this.#supervision.breaking.leases();
  }
}
