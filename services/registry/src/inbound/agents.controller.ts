import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateReasonRequest, validateRegisterAgentRequest } from '@countersign/contracts';
import type { ReasonRequest, RegisterAgentRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

const steps = ['activate', 'suspend', 'resume', 'decommission'] as const;

@Controller('agents')
@UseGuards(PersonGuard)
export class AgentsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  /** Safe to repeat with the same details. */
  @Post()
  @Roles('operator')
  register(@Body(validated(validateRegisterAgentRequest)) body: RegisterAgentRequest, @Person() { person }: AuthenticatedPerson) {
    return this.#registry.register(body, person);
  }

  @Post(':agent/:step')
  @HttpCode(200)
  @Roles('operator')
  change(@Param('agent') agent: string, @Param('step') step: string, @Body(validated(validateReasonRequest)) body: ReasonRequest, @Person() { person }: AuthenticatedPerson) {
    const known = steps.find((one) => one === step);
    if (!known) throw new CodedError('not_found', `an agent can be told to ${steps.join(', ')}`, { status: 404 });
    return this.#registry.change(agent, known, person, body.reason);
  }

  @Get()
  async list() {
    return { agents: await this.#registry.agents() };
  }

  @Get(':agent')
  async get(@Param('agent') id: string) {
    const agent = await this.#registry.agent(id);
    if (!agent) throw new CodedError('not_found', 'there is no such agent', { status: 404 });
    return agent;
  }
}
