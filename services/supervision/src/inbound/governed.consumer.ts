import { topic } from '@countersign/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import { readGoverned } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';

export const SUPERVISION = Symbol('Supervision');

@Controller()
export class GovernedConsumer {
  readonly #supervision: Supervision;
  constructor(@Inject(SUPERVISION) supervision: Supervision) {
    this.#supervision = supervision;
  }

  @EventPattern(topic.runsGoverned)
  governed(@Payload() messages: readonly BusMessage[]) {
    return this.#supervision.take(messages.map(readGoverned), messages[0]?.partition ?? 0);
  }
}
