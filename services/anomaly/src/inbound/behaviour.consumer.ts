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

  // Each batch is a transaction of a few statements, whatever stands in it.
  @EventPattern('anomaly.actions.v1', { maxBatch: 2_000 })
  actions(@Payload() messages: readonly BusMessage[]) {
    return this.#anomaly.watched(messages);
  }
}
