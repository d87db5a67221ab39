import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, UseGuards } from '@nestjs/common';
import { validateChangePersonRequest, validateEnrolPersonRequest, validateInvitePersonRequest, validatePersonKeyRequest, validateReasonRequest } from '@countersign/contracts';
import type { ChangePersonRequest, EnrolPersonRequest, InvitePersonRequest, PersonKeyRequest, ReasonRequest } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

@Controller('people')
export class PeopleController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Post('invite')
  @UseGuards(PersonGuard)
  @Roles('operator')
  invite(@Body(validated(validateInvitePersonRequest)) body: InvitePersonRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#registry.invite(body, person);
  }

  /** The one-time code is the authentication here. */
  @Post('enrol')
  enrol(@Body(validated(validateEnrolPersonRequest)) body: EnrolPersonRequest) {
    return this.#registry.enrol(body);
  }

  /** Signed with a key of theirs: it authenticates itself. */
  @Post('keys')
  @HttpCode(200)
  changeKeys(@Body(validated(validatePersonKeyRequest)) { jws }: PersonKeyRequest) {
    return this.#registry.changeKeys(jws);
  }

  /** From this moment nothing they sign counts, and their agents are orphans. Safe to repeat. */
  @Post(':person/leave')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('operator')
  leave(@Param('person') person: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person: by }: AuthenticatedPerson) {
    return this.#registry.tellStaff('leave', person, { by, reason });
  }

  @Post(':person/return')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('operator')
  comeBack(@Param('person') person: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person: by }: AuthenticatedPerson) {
    return this.#registry.tellStaff('comeBack', person, { by, reason });
  }

  @Patch(':person')
  @UseGuards(PersonGuard)
  @Roles('operator')
  change(@Param('person') person: string, @Body(validated(validateChangePersonRequest)) { reason, ...details }: ChangePersonRequest, @Person() { person: by }: AuthenticatedPerson) {
    return this.#registry.tellStaff('change', person, details, { by, reason });
  }

  @Get()
  @UseGuards(PersonGuard)
  async list() {
    return { people: await this.#registry.people(), waiting: await this.#registry.waiting() };
  }
}
