import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { ApprovalService } from './compose.ts';
import { ApprovalsController } from './inbound/approvals.controller.ts';
import { APPROVALS, GovernedConsumer } from './inbound/governed.consumer.ts';
import { ReviewsController } from './inbound/reviews.controller.ts';

@Module({})
export class ApprovalsModule {
  static of(approvals: ApprovalService, people: PersonDirectory, tenant: string): DynamicModule {
    return {
      module: ApprovalsModule, controllers: [ApprovalsController, ReviewsController, GovernedConsumer],
      providers: [{ provide: APPROVALS, useFactory: () => approvals }, { provide: PERSON_DIRECTORY, useFactory: () => people }, { provide: 'tenant', useFactory: () => tenant }],
    };
  }
}
