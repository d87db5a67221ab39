import { topic } from '@countersign/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BusMessage } from '@countersign/bus';
import { readGoverned } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';

export const APPROVALS = Symbol('ApprovalService');

@Controller()
export class GovernedConsumer {
  readonly #approvals: ApprovalService;
  constructor(@Inject(APPROVALS) approvals: ApprovalService) {
    this.#approvals = approvals;
  }

  @EventPattern(topic.runsGoverned)
  governed(@Payload() messages: readonly BusMessage[]) {
    return this.#approvals.take(messages.map(readGoverned));
  }
}
