import { Body, Controller, Get, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { validatePutGraphRequest } from '@countersign/contracts';
import type { PutGraphRequest } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

@Controller('graph')
@UseGuards(PersonGuard)
export class GraphController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get()
  async get() {
    return { nodes: await this.#registry.graph() };
  }

  @Post()
  @HttpCode(200)
  @Roles('operator')
  async put(@Body(validated(validatePutGraphRequest)) body: PutGraphRequest, @Person() { person }: AuthenticatedPerson) {
    return { nodes: await this.#registry.putGraph(body, person) };
  }
}
