import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { BusMessage } from '@countersign/bus';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { ApprovalService } from './compose.ts';
import { ChannelsController } from './inbound/channels.controller.ts';
import { ApprovalsController } from './inbound/approvals.controller.ts';
import { APPROVALS, GovernedConsumer } from './inbound/governed.consumer.ts';
import { DeskController } from './inbound/desk.controller.ts';
import { FindingsConsumer, IS_GENUINE } from './inbound/findings.consumer.ts';
import { ReviewsController } from './inbound/reviews.controller.ts';

@Module({})
export class ApprovalsModule {
  static of(approvals: ApprovalService, people: PersonDirectory, tenant: string, isGenuine: (message: BusMessage) => boolean): DynamicModule {
    return {
      module: ApprovalsModule, controllers: [ApprovalsController, ChannelsController, DeskController, ReviewsController, GovernedConsumer, FindingsConsumer],
      providers: [{ provide: APPROVALS, useFactory: () => approvals }, { provide: PERSON_DIRECTORY, useFactory: () => people }, { provide: IS_GENUINE, useFactory: () => isGenuine }, { provide: 'tenant', useFactory: () => tenant }],
    };
  }
}
