import { Controller } from '@nestjs/common';
import type { ScimUser } from '../app/scim.ts';
import { attributesOf, patched, resourceOf } from './scim-resource.ts';
import { ScimResources } from './scim-resources.ts';
import type { Provisioning } from './scim-resources.ts';

/** People come, change and leave. */
@Controller('scim/v2/Users')
export class ScimUsersController extends ScimResources<ScimUser> {
  protected provisioning(): Provisioning<ScimUser> {
    const { scim, scimBase } = this.registry;
    return {
      what: 'user', all: scim.users, find: scim.user, create: (by, body) => scim.create(by, attributesOf(body)), replace: (by, before, body) => scim.replace(by, before, attributesOf(body)),
      patch: (by, before, body) => scim.replace(by, before, patched(before, body)), remove: scim.remove, resource: (user) => resourceOf(user, scimBase),
    };
  }
}
