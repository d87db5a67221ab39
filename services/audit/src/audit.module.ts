import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Audit } from './compose.ts';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import { LogController, TOGETHER } from './inbound/log.controller.ts';
import type { KeySet } from '@countersign/identity';
import { ReceiptsController, SERVICE_KEYS } from './inbound/receipts.controller.ts';
import { PrivacyController } from './inbound/privacy.controller.ts';
import type { Delivery } from './app/deliver.ts';
import { DELIVERIES, SubscriptionsController } from './inbound/subscriptions.controller.ts';
import { QuestionsController } from './inbound/questions.controller.ts';
import { AUDIT, RecordsConsumer } from './inbound/records.consumer.ts';

@Module({})
export class AuditModule {
  static of(audit: Audit, together: readonly string[], people: PersonDirectory, keys: KeySet, deliveries: readonly Delivery[]): DynamicModule {
    return {
      module: AuditModule, controllers: [LogController, QuestionsController, PrivacyController, ReceiptsController, SubscriptionsController, RecordsConsumer],
      providers: [{ provide: AUDIT, useFactory: () => audit }, { provide: TOGETHER, useFactory: () => together }, { provide: PERSON_DIRECTORY, useFactory: () => people }, { provide: SERVICE_KEYS, useFactory: () => keys }, { provide: DELIVERIES, useFactory: () => deliveries }],
    };
  }
}
