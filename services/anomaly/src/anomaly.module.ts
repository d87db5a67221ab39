import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Anomaly } from './compose.ts';
import { AnomalyController } from './inbound/anomaly.controller.ts';
import { BehaviourConsumer } from './inbound/behaviour.consumer.ts';
import { ANOMALY, FindingsConsumer } from './inbound/findings.consumer.ts';

@Module({})
export class AnomalyModule {
  static of(anomaly: Anomaly, people: PersonDirectory): DynamicModule {
    return {
      module: AnomalyModule, controllers: [AnomalyController, FindingsConsumer, BehaviourConsumer],
      providers: [{ provide: ANOMALY, useFactory: () => anomaly }, { provide: PERSON_DIRECTORY, useFactory: () => people }],
    };
  }
}
