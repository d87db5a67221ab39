import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import { validateEraseRequest, validateHoldRequest, validateReasonRequest } from '@countersign/contracts';
import type { EraseRequest, EraseResponse, HoldList, HoldRequest, ReasonRequest } from '@countersign/contracts';
import { Held } from '../app/privacy.ts';
import type { Audit } from '../compose.ts';
import { AUDIT } from './records.consumer.ts';

/** What is erased for good, and what must not be. Every call is itself on the record. */
@Controller()
@UseGuards(PersonGuard)
@Roles('operator')
export class PrivacyController {
  readonly #audit: Audit;
  constructor(@Inject(AUDIT) audit: Audit) {
    this.#audit = audit;
  }

  @Post('erasures')
  @HttpCode(200)
  async erase(@Body(validated(validateEraseRequest)) { scope, id, reason }: EraseRequest, @Person() { person }: AuthenticatedPerson): Promise<EraseResponse> {
    const erased = await this.#audit.privacy.erase(scope, id, person, reason).catch((error: unknown) => {
      throw error instanceof Held ? new CodedError('legal_hold', error.message, { status: 409 }) : error;
    });
    if (erased === undefined) throw new CodedError('not_found', `there is nothing of this ${scope} that could be read any more`, { status: 404 });
    return erased;
  }

  @Get('holds')
  async holds(): Promise<HoldList> {
    return { holds: await this.#audit.privacy.holds() };
  }

  @Post('holds')
  @HttpCode(200)
  async hold(@Body(validated(validateHoldRequest)) { scope, id, reason }: HoldRequest, @Person() { person }: AuthenticatedPerson): Promise<HoldList> {
    if ((scope === 'all') !== (id === null)) throw new CodedError('invalid_request', 'a hold on all names nobody; every other one names a run, person or agent');
    await this.#audit.privacy.hold(scope, id, person, reason);
    return this.holds();
  }

  @Post('holds/:hold/release')
  @HttpCode(200)
  async release(@Param('hold') hold: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson): Promise<HoldList> {
    if (!/^[1-9]\d{0,14}$/.test(hold) || !await this.#audit.privacy.release(Number(hold), person, reason)) throw new CodedError('not_found', 'no such hold is in force', { status: 404 });
    return this.holds();
  }
}
