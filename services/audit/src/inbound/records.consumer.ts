import { topic } from '@countersign/contracts';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { isHeartbeat } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import type { Audit } from '../compose.ts';
import { createRepeats } from './repeats.ts';

export const AUDIT = Symbol('Audit');

/** Everything that goes on the record: what policy governed, every service's own events, agents and tools as they were, and what was refused as unreadable. */
export const recorded = [
  topic.runsGoverned, topic.registryEvents, topic.approvalsEvents, topic.supervisionEvents, topic.supervisionHalts, topic.anomalyFindings, topic.policyEvents, topic.runsInboxDead,
  topic.registryAgents, topic.registryTools,
] as const;

/** Dead letters of audit's own topics: nothing it reads is ever poison to it, so there are none. */
const extras = { deadLetters: null, maxBatch: 1000 };
const [governed, registry, approvals, supervision, halts, findings, policy, dead, agents, tools] = recorded;

@Controller()
export class RecordsConsumer {
  readonly #audit: Audit;
  readonly #repeats;
  constructor(@Inject(AUDIT) audit: Audit) {
    this.#audit = audit;
    this.#repeats = createRepeats(audit.refusalOf);
  }

  @EventPattern(governed, extras) governed(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(registry, extras) registry(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(approvals, extras) approvals(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(supervision, extras) supervision(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(halts, extras) halts(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages.filter((message) => !isHeartbeat(message) || this.#audit.refusalOf(message) !== undefined)); }
  @EventPattern(findings, extras) findings(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(policy, extras) policy(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(dead, extras) dead(@Payload() messages: readonly BusMessage[]) { return this.#audit.record(messages); }
  @EventPattern(agents, extras) agents(@Payload() messages: readonly BusMessage[]) { return this.#snapshots(messages); }
  @EventPattern(tools, extras) tools(@Payload() messages: readonly BusMessage[]) { return this.#snapshots(messages); }

  /** Decisions name the version of the agent and tool that they rested on: this is where that version stands. */
  async #snapshots(messages: readonly BusMessage[]): Promise<void> {
    const fresh = this.#repeats.fresh(messages);
    await this.#audit.record(fresh);
    this.#repeats.keep(fresh);
  }
}
