import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Bundles } from './compose-bundles.ts';
import type { Policy } from './compose.ts';
import { BUNDLES, BundlesController } from './inbound/bundles.controller.ts';
import { POLICY, PolicyController } from './inbound/policy.controller.ts';
import { STANDING, StandingController } from './inbound/standing.controller.ts';

@Module({})
export class PolicyModule {
  static of(policy: Policy, bundles: Bundles, people: PersonDirectory): DynamicModule {
    return {
      module: PolicyModule, controllers: [PolicyController, BundlesController, StandingController],
      providers: [{ provide: POLICY, useFactory: () => policy }, { provide: BUNDLES, useFactory: () => bundles }, { provide: STANDING, useFactory: () => bundles.standing }, { provide: PERSON_DIRECTORY, useFactory: () => people }],
    };
  }
}
