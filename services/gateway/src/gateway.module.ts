import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Gateway } from './compose.ts';
import { AuthzenController } from './inbound/authzen.controller.ts';
import { ApprovalsController } from './inbound/approvals.controller.ts';
import { ChannelsController } from './inbound/channels.controller.ts';
import { PagesController } from './inbound/pages.controller.ts';
import { GATEWAY, RunsController } from './inbound/runs.controller.ts';

@Module({})
export class GatewayModule {
  static of(gateway: Gateway, people: PersonDirectory): DynamicModule {
    return {
      module: GatewayModule, controllers: [RunsController, ApprovalsController, AuthzenController, ChannelsController, PagesController],
      providers: [{ provide: GATEWAY, useFactory: () => gateway }, { provide: PERSON_DIRECTORY, useFactory: () => people }],
    };
  }
}
