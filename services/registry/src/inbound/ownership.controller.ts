import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateOfferAgentRequest, validateRaciRequest, validateReasonRequest } from '@countersign/contracts';
import type { OfferAgentRequest, RaciRequest, ReasonRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Who answers for agents, and what is not answered for. */
@Controller()
@UseGuards(PersonGuard)
export class OwnershipController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  /** An operator's or the owner's to say; nothing changes until the other accepts. */
  @Post('agents/:agent/owner')
  @HttpCode(200)
  offer(@Param('agent') agent: string, @Body(validated(validateOfferAgentRequest)) { owner, reason }: OfferAgentRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.own(agent, (owning) => owning.offer(agent, owner, who, reason));
  }

  /** The consent: by whom it was offered to, with their own signed login. */
  @Post('agents/:agent/owner/accept')
  @HttpCode(200)
  accept(@Param('agent') agent: string, @Person() who: AuthenticatedPerson) {
    return this.#registry.own(agent, (owning) => owning.accept(agent, who));
  }

  @Post('agents/:agent/raci')
  @HttpCode(200)
  raci(@Param('agent') agent: string, @Body(validated(validateRaciRequest)) { raci, process, reason }: RaciRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.permissions.answering(process, (works) => this.#registry.own(agent, (owning) => owning.raci(agent, { raci, process: works }, who, reason)));
  }

  @Post('agents/:agent/recertify')
  @HttpCode(200)
  recertify(@Param('agent') agent: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.own(agent, (owning) => owning.recertify(agent, who, reason));
  }

  @Get('accountability')
  accountability(@Query('run') run: unknown, @Query('action') action: unknown) {
    if (typeof run !== 'string' || typeof action !== 'string' || !uuid.test(run) || !uuid.test(action)) throw new CodedError('invalid_request', 'say of which run and action: two UUIDs');
    return this.#registry.accountability(run, action);
  }

  @Get('inventory/report')
  inventory() {
    return this.#registry.inventoryReport();
  }
}
