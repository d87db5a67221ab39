import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Audit } from './compose.ts';
import { LogController } from './inbound/log.controller.ts';
import { AUDIT, RecordsConsumer } from './inbound/records.consumer.ts';

@Module({})
export class AuditModule {
  static of(audit: Audit): DynamicModule {
    return { module: AuditModule, controllers: [LogController, RecordsConsumer], providers: [{ provide: AUDIT, useFactory: () => audit }] };
  }
}
