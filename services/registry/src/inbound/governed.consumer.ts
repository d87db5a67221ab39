import { topic } from '@countersign/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import { readGoverned } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

/** When an agent was last used, and what for: what nobody uses any more can be taken away. */
@Controller()
export class GovernedConsumer {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @EventPattern(topic.runsGoverned)
  async governed(@Payload() messages: readonly BusMessage[]) {
    const records = messages.map((message) => ({ partition: message.partition, record: readGoverned(message) }));
    await this.#registry.used(records.map(({ record }) => record));
    for (const partition of new Set(records.map((one) => one.partition))) await this.#registry.toolsUsed(partition, records.filter((one) => one.partition === partition).map(({ record }) => record));
  }
}
