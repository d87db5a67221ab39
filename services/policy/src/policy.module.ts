import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Policy } from './compose.ts';
import { POLICY, PolicyController } from './inbound/policy.controller.ts';

@Module({})
export class PolicyModule {
  static of(policy: Policy): DynamicModule {
    return { module: PolicyModule, controllers: [PolicyController], providers: [{ provide: POLICY, useFactory: () => policy }] };
  }
}
