import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import type { Anomaly } from '../compose.ts';
import { ANOMALY } from './findings.consumer.ts';

/** What agents did, for their pictures. Bytes that are no observation were told of where they are scored. */
@Controller()
export class BehaviourConsumer {
  readonly #anomaly: Anomaly;
  constructor(@Inject(ANOMALY) anomaly: Anomaly) {
    this.#anomaly = anomaly;
  }

  @EventPattern('anomaly.actions.v1')
  actions(@Payload() messages: readonly BusMessage[]) {
    return this.#anomaly.watched(messages);
  }
}
