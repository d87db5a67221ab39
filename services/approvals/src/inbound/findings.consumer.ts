import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PoisonMessage } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { topic, validateFinding } from '@countersign/contracts';
import { parseStrictJson } from '@countersign/identity';
import type { ApprovalService } from '../compose.ts';
import { APPROVALS } from './governed.consumer.ts';

/** Nest token: whether a message is signed by who may say it. */
export const IS_GENUINE = Symbol('isGenuine');

/** What anomaly detection found about an agent, for those who decide on what it asks. */
@Controller()
export class FindingsConsumer {
  readonly #approvals: ApprovalService;
  readonly #isGenuine: (message: BusMessage) => boolean;
  constructor(@Inject(APPROVALS) approvals: ApprovalService, @Inject(IS_GENUINE) isGenuine: (message: BusMessage) => boolean) {
    this.#approvals = approvals;
    this.#isGenuine = isGenuine;
  }

  @EventPattern(topic.anomalyFindings)
  findings(@Payload() messages: readonly BusMessage[]) {
    return this.#approvals.found(messages.filter((message) => message.headers['ce_type'] === 'countersign.anomaly.finding.v1').map((message) => {
      const parsed = parseStrictJson(message.value ?? Buffer.alloc(0), { maxBytes: 131_072 });
      if (!parsed.ok) throw new PoisonMessage(message, parsed.code, parsed.detail);
      if (!validateFinding(parsed.value)) throw new PoisonMessage(message, 'invalid_schema', 'not a finding');
      if (!this.#isGenuine(message)) throw new PoisonMessage(message, 'bad_signature', 'findings are signed by anomaly');
      return parsed.value;
    }));
  }
}
