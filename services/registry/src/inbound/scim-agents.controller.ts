import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { AgentSnapshot } from '@countersign/contracts';
import type { Connected } from '../app/scim.ts';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';
import { answer, pageOf, sameVersion, show, taken } from './scim-answer.ts';
import type { Heads, Query as Asked, Reply } from './scim-answer.ts';
import { agentResourceOf, patchedAgent, provisionedOf } from './scim-agent-resource.ts';
import { matching, ScimError } from './scim-resource.ts';

/** The inventory of agents by SCIM: what a directory has as service accounts, OAuth apps or agents becomes drafts here. */
@Controller('scim/v2/Agents')
export class ScimAgentsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get()
  list(@Headers() heads: Heads, @Query() query: Asked, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => {
      const wanted = matching(query['filter']);
      return reply.code(200).send(pageOf((await this.#registry.scimAgents.all(by)).map((agent) => agentResourceOf(agent, this.#registry.scimBase)).filter(wanted), query));
    });
  }

  @Get(':id')
  get(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 200, await this.#agent(by, id))); }

  @Post()
  create(@Headers() heads: Heads, @Body() body: unknown, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 201, taken(await this.#registry.scimAgents.create(by, provisionedOf(body).row)))); }

  @Put(':id')
  put(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 200, taken(await this.#registry.scimAgents.replace(by, await this.#agent(by, id, heads), provisionedOf(body)))));
  }

  @Patch(':id')
  patch(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => { const agent = await this.#agent(by, id, heads); return this.#show(reply, 200, taken(await this.#registry.scimAgents.replace(by, agent, patchedAgent(agent, body)))); });
  }

  @Delete(':id')
  remove(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => { const refusal = await this.#registry.scimAgents.remove(by, await this.#agent(by, id, heads)); if (refusal !== undefined) taken(refusal); return reply.code(204).send(); });
  }

  async #agent(by: Connected, id: string, heads: Heads = {}): Promise<AgentSnapshot> {
    const agent = await this.#registry.scimAgents.agent(by, id);
    if (agent === undefined) throw new ScimError(404, 'there is no such agent of this connection');
    sameVersion(heads, `W/"${agent.version}"`);
    return agent;
  }

  #show(reply: Reply, status: number, agent: AgentSnapshot): unknown { return show(reply, status, agentResourceOf(agent, this.#registry.scimBase)); }
}
