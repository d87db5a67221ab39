import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Supervision } from './compose.ts';
import { GovernedConsumer, SUPERVISION } from './inbound/governed.consumer.ts';
import { BreakersController } from './inbound/breakers.controller.ts';
import { RecoveryController } from './inbound/recovery.controller.ts';
import { EventsController } from './inbound/events.controller.ts';
import { LIVE_EVENTS } from './inbound/live-events.ts';
import type { LiveEvents } from './inbound/live-events.ts';
import { ReversalsController } from './inbound/reversals.controller.ts';
import { StopsController } from './inbound/stops.controller.ts';
import { SupervisionController } from './inbound/supervision.controller.ts';

@Module({})
export class SupervisionModule {
  static of(supervision: Supervision, people: PersonDirectory, tenant: string, live: LiveEvents): DynamicModule {
    return {
      module: SupervisionModule, controllers: [SupervisionController, StopsController, ReversalsController, RecoveryController, BreakersController, EventsController, GovernedConsumer],
      providers: [{ provide: SUPERVISION, useFactory: () => supervision }, { provide: PERSON_DIRECTORY, useFactory: () => people }, { provide: 'tenant', useFactory: () => tenant }, { provide: LIVE_EVENTS, useFactory: () => live }],
    };
  }
}
