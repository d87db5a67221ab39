import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { PersonGuard, Roles } from '@countersign/service-host';
import type { SubscriptionList } from '@countersign/contracts';
import type { Delivery } from '../app/deliver.ts';
import type { Audit } from '../compose.ts';
import { readers } from './questions.controller.ts';
import { AUDIT } from './records.consumer.ts';

export const DELIVERIES = Symbol('Deliveries');

@Controller('subscriptions')
@UseGuards(PersonGuard)
@Roles(...readers)
export class SubscriptionsController {
  readonly #deliveries: readonly Delivery[];
  readonly #audit: Audit;
  constructor(@Inject(DELIVERIES) deliveries: readonly Delivery[], @Inject(AUDIT) audit: Audit) {
    this.#deliveries = deliveries;
    this.#audit = audit;
  }

  @Get()
  async list(): Promise<SubscriptionList> {
    const indexed = await this.#audit.questions.reached();
    return {
      subscriptions: this.#deliveries.map((delivery) => {
        const { cursor, trouble, since } = delivery.state();
        const next = cursor?.next ?? 0;
        return { name: delivery.name, kind: delivery.kind, next, behind: Math.max(0, indexed - next), sent: cursor?.sent ?? 0, refused: cursor?.refused ?? 0, trouble, since };
      }),
    };
  }
}
