import { Controller } from '@nestjs/common';
import type { AgentSnapshot } from '@countersign/contracts';
import { agentResourceOf, patchedAgent, provisionedOf } from './scim-agent-resource.ts';
import { ScimResources } from './scim-resources.ts';
import type { Provisioning } from './scim-resources.ts';

/** The inventory of agents: what a directory has as service accounts, OAuth apps or agents becomes drafts here. */
@Controller('scim/v2/Agents')
export class ScimAgentsController extends ScimResources<AgentSnapshot> {
  protected provisioning(): Provisioning<AgentSnapshot> {
    const { scimAgents: agents, scimBase } = this.registry;
    return {
      what: 'agent', all: agents.all, find: agents.agent, create: (by, body) => agents.create(by, provisionedOf(body).row), replace: (by, before, body) => agents.replace(by, before, provisionedOf(body)),
      patch: (by, before, body) => agents.replace(by, before, patchedAgent(before, body)), remove: agents.remove, resource: (agent) => agentResourceOf(agent, scimBase),
    };
  }
}
