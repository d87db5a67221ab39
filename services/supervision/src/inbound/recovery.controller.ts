import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateCheckPlaybookRequest, validateConfirmPlaybookRequest, validateReasonRequest, validateRecoverHaltRequest, validateStartPlaybookRequest } from '@countersign/contracts';
import type { CheckPlaybookRequest, ConfirmPlaybookRequest, ReasonRequest, RecoverHaltRequest, StartPlaybookRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';
import { SUPERVISION } from './governed.consumer.ts';

/** Stages of taking a halt back, and playbooks. Who confirms a step is said by the step, and checked where it counts. */
@Controller()
@UseGuards(PersonGuard)
export class RecoveryController {
  readonly #supervision: Supervision;
  constructor(@Inject(SUPERVISION) supervision: Supervision) {
    this.#supervision = supervision;
  }

  @Post('halts/:halt/recover')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  recover(@Param('halt') halt: string, @Body(validated(validateRecoverHaltRequest)) body: RecoverHaltRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.recovery.recover(halt, body, by);
  }

  @Post('playbooks/check')
  @HttpCode(200)
  check(@Body(validated(validateCheckPlaybookRequest)) { text }: CheckPlaybookRequest) {
    return this.#supervision.recovery.check(text);
  }

  @Get('playbooks')
  list() {
    return this.#supervision.recovery.list();
  }

  @Post('playbooks')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  start(@Body(validated(validateStartPlaybookRequest)) body: StartPlaybookRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.recovery.start(body, by);
  }

  @Get('playbooks/:playbook')
  async get(@Param('playbook') id: string) {
    const found = await this.#supervision.recovery.get(id);
    if (found === undefined) throw new CodedError('not_found', 'there is no such playbook at work', { status: 404 });
    return found;
  }

  @Post('playbooks/:playbook/confirm')
  @HttpCode(200)
  confirm(@Param('playbook') id: string, @Body(validated(validateConfirmPlaybookRequest)) body: ConfirmPlaybookRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.recovery.confirm(id, body, by);
  }

  @Post('playbooks/:playbook/abandon')
  @HttpCode(200)
  @Roles('supervisor', 'operator')
  abandon(@Param('playbook') id: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.recovery.abandon(id, reason, by);
  }
}
