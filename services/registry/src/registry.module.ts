import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { RegistryService } from './compose.ts';
import { AgentsController } from './inbound/agents.controller.ts';
import { CredentialsController } from './inbound/credentials.controller.ts';
import { GovernedConsumer } from './inbound/governed.consumer.ts';
import { GraphController } from './inbound/graph.controller.ts';
import { InventoryController } from './inbound/inventory.controller.ts';
import { OauthController, REGISTRY } from './inbound/oauth.controller.ts';
import { OwnershipController } from './inbound/ownership.controller.ts';
import { PeopleController } from './inbound/people.controller.ts';
import { ScimAgentsController } from './inbound/scim-agents.controller.ts';
import { ScimConnectionsController } from './inbound/scim-connections.controller.ts';
import { ScimUsersController } from './inbound/scim-users.controller.ts';
import { ScimController } from './inbound/scim.controller.ts';
import { PermissionsController } from './inbound/permissions.controller.ts';
import { ToolsController } from './inbound/tools.controller.ts';

@Module({})
export class RegistryModule {
  static of(registry: RegistryService): DynamicModule {
    return {
      module: RegistryModule, controllers: [PermissionsController, OauthController, PeopleController, OwnershipController, CredentialsController, InventoryController, ScimController, ScimUsersController, ScimAgentsController, ScimConnectionsController, AgentsController, ToolsController, GraphController, GovernedConsumer],
      providers: [{ provide: REGISTRY, useFactory: () => registry }, { provide: PERSON_DIRECTORY, useFactory: () => registry.directory }],
    };
  }
}
