import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateConnectScimRequest, validateReasonRequest } from '@countersign/contracts';
import type { ConnectScimRequest, ReasonRequest } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

/** Which identity providers may provision people, and what their roles stand for. A token is shown once. */
@Controller('scim/connections')
@UseGuards(PersonGuard)
@Roles('operator')
export class ScimConnectionsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get()
  async list() { return { connections: await this.#registry.scimConnections() }; }
  @Post()
  connect(@Body(validated(validateConnectScimRequest)) { connection, roles, reason }: ConnectScimRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.connectScim('connect', connection, roles ?? {}, person, reason); }
  @Post(':connection/rotate')
  @HttpCode(200)
  rotate(@Param('connection') connection: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.connectScim('rotate', connection, {}, person, reason); }
  @Post(':connection/disconnect')
  @HttpCode(200)
  disconnect(@Param('connection') connection: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.disconnectScim(connection, person, reason); }
}
