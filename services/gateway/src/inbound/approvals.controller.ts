import { Controller, Get, Headers, Inject, Res, UseGuards } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Person, PersonGuard } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Gateway } from '../compose.ts';
import { GATEWAY } from './runs.controller.ts';
import type { RawReply } from './runs.controller.ts';

/** For people: what begins and ends to wait for them, live. */
@Controller('approvals')
export class ApprovalsController implements OnModuleDestroy {
  readonly #gateway: Gateway;
  constructor(@Inject(GATEWAY) gateway: Gateway) {
    this.#gateway = gateway;
  }

  @Get('events')
  @UseGuards(PersonGuard)
  events(@Person() { person }: AuthenticatedPerson, @Headers('last-event-id') lastEventId: string | undefined, @Res() reply: RawReply) {
    this.#gateway.streams.open(reply.raw, this.#gateway.approvals, { reader: `person:${person}`, lastEventId });
    reply.hijack();
  }

  onModuleDestroy() {
    this.#gateway.streams.closeAll();
  }
}
