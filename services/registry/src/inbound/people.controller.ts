import { Body, Controller, Get, Inject, Post, UseGuards } from '@nestjs/common';
import { validateEnrolPersonRequest, validateInvitePersonRequest } from '@countersign/contracts';
import type { EnrolPersonRequest, InvitePersonRequest } from '@countersign/contracts';
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

  @Get()
  @UseGuards(PersonGuard)
  async list() {
    return { people: await this.#registry.people() };
  }
}
