import { topic } from '@countersign/contracts';
import type { GovernedRecord } from '@countersign/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import { readGoverned } from '@countersign/service-host';
import { inRounds } from '../app/in-rounds.ts';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

interface Heard { readonly partition: number; readonly record: GovernedRecord }

/** Between two rounds, ms: nobody waits for what is written here, and commands and the outbox share processor, connections and disk with it. */
const restMs = 200;
/** In one go, so that reading them holds up no command. */
const mostMessages = 200;

/** When an agent was last used, and what for: what nobody uses any more can be taken away. */
@Controller()
export class GovernedConsumer {
  readonly #take: (heard: readonly Heard[]) => Promise<void>;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#take = inRounds<readonly Heard[]>((all) => registry.used(all.flat()), () => new Promise((resolve) => { setTimeout(resolve, restMs); }));
  }

  @EventPattern(topic.runsGoverned, { maxBatch: mostMessages })
  async governed(@Payload() messages: readonly BusMessage[]) {
    await this.#take(messages.map((message) => ({ partition: message.partition, record: readGoverned(message) })));
  }
}
