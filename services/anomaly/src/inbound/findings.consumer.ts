import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { PoisonMessage } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { topic, validateDisposition, validateFinding } from '@countersign/contracts';
import type { Disposition, Finding } from '@countersign/contracts';
import { parseStrictJson } from '@countersign/identity';
import type { Anomaly } from '../compose.ts';

export const ANOMALY = Symbol('Anomaly');

/** Findings and dispositions back from the bus into the read model: what is shown is what was said. */
@Controller()
export class FindingsConsumer {
  readonly #anomaly: Anomaly;
  constructor(@Inject(ANOMALY) anomaly: Anomaly) {
    this.#anomaly = anomaly;
  }

  @EventPattern(topic.anomalyFindings)
  findings(@Payload() messages: readonly BusMessage[]) {
    const findings: Finding[] = [], dispositions: Disposition[] = [];
    for (const message of messages) {
      const parsed = parseStrictJson(message.value ?? Buffer.alloc(0), { maxBytes: 131_072 });
      if (!parsed.ok) throw new PoisonMessage(message, parsed.code, parsed.detail);
      if (!this.#anomaly.isOwn(message)) throw new PoisonMessage(message, 'bad_signature', 'findings are signed by anomaly');
      if (message.headers['ce_type'] === 'countersign.anomaly.disposition.v1') {
        if (!validateDisposition(parsed.value)) throw new PoisonMessage(message, 'invalid_schema', 'not a disposition');
        dispositions.push(parsed.value);
      } else {
        if (!validateFinding(parsed.value)) throw new PoisonMessage(message, 'invalid_schema', 'not a finding');
        findings.push(parsed.value);
      }
    }
    return this.#anomaly.keep(findings, dispositions);
  }
}
