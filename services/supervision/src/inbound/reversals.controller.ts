import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateReverseRequest } from '@countersign/contracts';
import type { ReverseRequest } from '@countersign/contracts';
import { Person, PersonGuard, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { Supervision } from '../compose.ts';
import { SUPERVISION } from './governed.consumer.ts';
import { runFilter } from './queries.ts';
import type { Query as Asked } from './queries.ts';

/** What agents did alone, and taking it back. */
@Controller()
@UseGuards(PersonGuard)
export class ReversalsController {
  readonly #supervision: Supervision;
  constructor(@Inject(SUPERVISION) supervision: Supervision) {
    this.#supervision = supervision;
  }

  @Get('notices')
  async notices() {
    return { notices: (await this.#supervision.reversals.notices()).map((one) => ({ ...one, reverse: `/runs/${one.run}/actions/${one.action}/reverse` })) };
  }

  @Get('reversals')
  async list(@Query() query: Asked) {
    const { action: run, status } = runFilter({ action: query['run'], status: query['status'] }, []);
    return { reversals: await this.#supervision.reversals.list({ run, status }) };
  }

  @Post('runs/:run/actions/:action/reverse')
  @HttpCode(200)
  reverse(@Param('run') run: string, @Param('action') action: string, @Body(validated(validateReverseRequest)) body: ReverseRequest, @Person() by: AuthenticatedPerson) {
    return this.#supervision.reversals.reverse(run, action, by, body.reason, body.arguments ?? null);
  }
}
