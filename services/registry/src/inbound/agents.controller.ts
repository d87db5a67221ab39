import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateReasonRequest, validateRegisterAgentRequest, validateReviewAgentsRequest } from '@countersign/contracts';
import type { ReasonRequest, RegisterAgentRequest, ReviewAgentsRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { readAgentQuery } from './agent-query.ts';
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
  register(@Body(validated(validateRegisterAgentRequest)) body: RegisterAgentRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.register(body, who);
  }

  /** For operators, and for who owns every one of them. */
  @Post('reviews')
  @HttpCode(200)
  async review(@Body(validated(validateReviewAgentsRequest)) body: ReviewAgentsRequest, @Person() person: AuthenticatedPerson) {
    return { reviews: await this.#registry.review(body.agents, person) };
  }

  @Get(':agent/review')
  async lastReview(@Param('agent') id: string) {
    const review = await this.#registry.lastReview(id);
    if (!review) throw new CodedError('not_found', review === null ? 'it never had a governance review' : 'there is no such agent', { status: 404 });
    return review;
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
  list(@Query() query: Readonly<Record<string, unknown>>) {
    const { filter, ...page } = readAgentQuery(query);
    return this.#registry.agents(filter, page);
  }

  @Get(':agent')
  async get(@Param('agent') id: string) {
    const agent = await this.#registry.agent(id);
    if (!agent) throw new CodedError('not_found', 'there is no such agent', { status: 404 });
    return agent;
  }
}
