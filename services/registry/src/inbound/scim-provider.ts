import { agentSchema } from './scim-agent-resource.ts';
import { userSchema } from './scim-resource.ts';

/** RFC 7643 section 5. */
export const provider = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'], patch: { supported: true }, bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 }, filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false }, sort: { supported: false }, etag: { supported: true },
  authenticationSchemes: [{ type: 'oauthbearertoken', name: 'Bearer token', description: 'A token per connection, made by an operator, rotatable', primary: true }], meta: { resourceType: 'ServiceProviderConfig' },
} as const;

const typeOf = (name: string, endpoint: string, schema: string) => ({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'], id: name, name, endpoint, schema, meta: { resourceType: 'ResourceType' } });
export const resourceTypes = [typeOf('User', '/Users', userSchema), typeOf('Agent', '/Agents', agentSchema)] as const;

const attribute = (name: string, type: string, more: object = {}) => ({ name, type, multiValued: false, required: false, caseExact: false, mutability: 'readWrite', returned: 'default', uniqueness: 'none', ...more });

/** RFC 7643 section 7: the attributes that are kept; others are accepted and let go. */
export const schemas = [{
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'], id: userSchema, name: 'User', description: 'People who decide, own agents and give instructions', meta: { resourceType: 'Schema' },
  attributes: [
    attribute('userName', 'string', { required: true, uniqueness: 'server' }), attribute('displayName', 'string'), attribute('active', 'boolean'),
    attribute('name', 'complex', { subAttributes: [attribute('formatted', 'string'), attribute('givenName', 'string'), attribute('familyName', 'string')] }),
    attribute('emails', 'complex', { multiValued: true, subAttributes: [attribute('value', 'string'), attribute('type', 'string'), attribute('primary', 'boolean')] }),
    attribute('roles', 'complex', { multiValued: true, subAttributes: [attribute('value', 'string')] }),
  ],
}, {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'], id: agentSchema, name: 'Agent', description: 'Agents, service accounts and OAuth apps that run already: drafts here', meta: { resourceType: 'Schema' },
  attributes: [
    attribute('externalId', 'string', { required: true, caseExact: true, uniqueness: 'server' }), attribute('name', 'string'), attribute('displayName', 'string'), attribute('description', 'string'), attribute('active', 'boolean'),
    attribute('owners', 'complex', { multiValued: true, subAttributes: [attribute('value', 'string')] }),
  ],
}] as const;
