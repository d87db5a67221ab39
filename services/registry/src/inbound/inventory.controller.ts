import { Body, Controller, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateImportAgentsRequest, validateObserveAgentRequest, validateReasonRequest } from '@countersign/contracts';
import type { ImportAgentsRequest, ObserveAgentRequest, ReasonRequest } from '@countersign/contracts';
import { Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

/** What runs already: brought in as drafts, and observed before rules are enforced. */
@Controller()
@UseGuards(PersonGuard)
@Roles('operator')
export class InventoryController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  /** Safe to repeat: the same source and external id is the same agent. */
  @Post('inventory')
  @HttpCode(200)
  import(@Body(validated(validateImportAgentsRequest)) body: ImportAgentsRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#registry.importAgents(body, person);
  }

  @Post('agents/:agent/observe')
  @HttpCode(200)
  observe(@Param('agent') agent: string, @Body(validated(validateObserveAgentRequest)) body: ObserveAgentRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#registry.observe(agent, body, person);
  }

  @Post('agents/:agent/enforce')
  @HttpCode(200)
  enforce(@Param('agent') agent: string, @Body(validated(validateReasonRequest)) body: ReasonRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#registry.enforce(agent, body.reason, person);
  }
}
