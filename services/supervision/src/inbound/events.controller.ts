import { Controller, Get, Headers, Inject, Query, Res, UseGuards } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Person, PersonGuard } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { ServerResponse } from 'node:http';
import type { Supervision } from '../compose.ts';
import { formatPlace } from '../core/place.ts';
import { SUPERVISION } from './governed.consumer.ts';
import { LIVE_EVENTS } from './live-events.ts';
import type { LiveEvents } from './live-events.ts';
import { eventFilter, pageSize, placeOf } from './queries.ts';
import type { Query as Asked } from './queries.ts';

/** What happened to runs, a page at a time or live; anyone enrolled may read. */
@Controller('timeline')
@UseGuards(PersonGuard)
export class EventsController implements OnModuleDestroy {
  readonly #supervision: Supervision;
  readonly #tenant: string;
  readonly #live: LiveEvents;
  constructor(@Inject(SUPERVISION) supervision: Supervision, @Inject('tenant') tenant: string, @Inject(LIVE_EVENTS) live: LiveEvents) {
    this.#supervision = supervision;
    this.#tenant = tenant;
    this.#live = live;
  }

  /** An open stream would keep the server from closing. */
  onModuleDestroy(): void {
    this.#live.closeAll();
  }

  /** From the first event on, or after the one whose id is given. */
  @Get()
  async page(@Query() query: Asked, @Person() { roles }: AuthenticatedPerson) {
    const { events, place } = await this.#supervision.events.after(this.#tenant, placeOf(query['after'], 'after') ?? new Map(), eventFilter(query, roles), pageSize(query));
    const limit = pageSize(query);
    // Pages are merged out of partitions, each up to the limit: what goes beyond comes with the next page.
    return events.length <= limit ? { events, next: formatPlace(place) } : { events: events.slice(0, limit), next: events[limit - 1]!.id };
  }

  /** Live, from now on or after Last-Event-ID. */
  @Get('stream')
  async stream(@Query() query: Asked, @Headers('last-event-id') last: string | undefined, @Person() { person, roles }: AuthenticatedPerson, @Res() reply: { hijack(): unknown; readonly raw: ServerResponse }) {
    const filter = eventFilter(query, roles);
    const place = placeOf(last ?? query['after'], 'Last-Event-ID') ?? await this.#supervision.events.end();
    this.#live.open(reply.raw, { person, place, read: (at, limit) => this.#supervision.events.after(this.#tenant, at, filter, limit) });
    reply.hijack();
  }
}
