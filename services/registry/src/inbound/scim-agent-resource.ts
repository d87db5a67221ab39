import type { AgentSnapshot, ImportAgentsRequest } from '@countersign/contracts';
import { nobody } from '../core/agent.ts';
import { personIdOf } from '../core/person-id.ts';
import { isActive, listed, members, patchedResource, ScimError, text } from './scim-resource.ts';

/** Of the IETF's drafts on agents in SCIM: what a directory knows as service accounts, OAuth apps or agents. */
export const agentSchema = 'urn:ietf:params:scim:schemas:core:2.0:Agent';

export interface ProvisionedAgent { readonly row: ImportAgentsRequest['agents'][number]; readonly active: boolean }

/** What is kept of an agent as a provider sends it. Roles, permissions and ceilings are not a directory's to give: a draft has none. */
export const provisionedOf = (value: unknown): ProvisionedAgent => {
  const given = members(value);
  const externalId = text(given['externalId']), name = text(given['displayName'], 200) ?? text(given['name'], 200), purpose = text(given['description'], 2_000);
  if (externalId === undefined) throw new ScimError(400, 'externalId is a text of 1 to 256 characters: the directory\'s own id of the agent', 'invalidValue');
  if (name === undefined) throw new ScimError(400, 'displayName or name is a text of 1 to 200 characters', 'invalidValue');
  const owner = listed(given['owners'], 16).flatMap((one) => text(typeof one === 'string' ? one : members(one)['value'], 128) ?? []).map(personIdOf).find((id) => id !== '' && id !== nobody);
  return { row: { externalId, name, ...(purpose !== undefined && { purpose }), ...(owner !== undefined && { owner }) }, active: isActive(given['active']) };
};

export const agentResourceOf = (agent: AgentSnapshot, base: string) => ({
  schemas: [agentSchema], id: agent.agent, externalId: agent.origin?.externalId, name: agent.agent, displayName: agent.name, description: agent.purpose, active: agent.status === 'draft' || agent.status === 'active',
  ...(agent.owner !== nobody && { owners: [{ value: agent.owner }] }),
  meta: { resourceType: 'Agent', location: `${base}/Agents/${encodeURIComponent(agent.agent)}`, version: `W/"${agent.version}"` },
});

export const patchedAgent = (agent: AgentSnapshot, body: unknown): ProvisionedAgent => provisionedOf(patchedResource(structuredClone(agentResourceOf(agent, '')), body, agentSchema, kept));
const kept = /^(?:active|externalId|name|displayName|description|owners(?:\[[^\]]{1,200}\](?:\.value)?)?)$/;
