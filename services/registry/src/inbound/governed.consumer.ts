import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import { readGoverned } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

/** When an agent was last used: what nobody uses any more can be taken away. */
@Controller()
export class GovernedConsumer {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @EventPattern('runs.governed.v1')
  governed(@Payload() messages: readonly BusMessage[]) {
    return this.#registry.used(messages.map(readGoverned));
  }
}
