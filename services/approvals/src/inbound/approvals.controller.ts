import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateCastVoteRequest } from '@countersign/contracts';
import type { CastVoteRequest } from '@countersign/contracts';
import { CodedError, PersonGuard, validated } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import { shown, shownWhole } from '../views/shown.ts';
import { APPROVALS } from './governed.consumer.ts';

@Controller('approvals')
export class ApprovalsController {
  readonly #approvals: ApprovalService;
  readonly #tenant: string;
  constructor(@Inject(APPROVALS) approvals: ApprovalService, @Inject('tenant') tenant: string) {
    this.#approvals = approvals;
    this.#tenant = tenant;
  }

  @Get()
  @UseGuards(PersonGuard)
  async list(@Query('status') status?: string) {
    const approvals = await this.#approvals.view.list(this.#tenant, status === 'open' || status === 'closed' ? status : undefined, 500);
    return { approvals: approvals.map((one) => shown(one, this.#approvals.now())) };
  }

  @Get(':approval')
  @UseGuards(PersonGuard)
  async get(@Param('approval') approval: string) {
    const found = await this.#approvals.view.get(this.#tenant, approval);
    if (!found) throw new CodedError('not_found', 'there is no such approval', { status: 404 });
    return shownWhole(found, this.#approvals.now());
  }

  /** The vote is a statement signed by the person: it authenticates itself, and policy checks the signature again. */
  @Post(':approval/votes')
  @HttpCode(200)
  async vote(@Param('approval') approval: string, @Body(validated(validateCastVoteRequest)) body: CastVoteRequest) {
    return shown(await this.#approvals.vote(approval, body.jws), this.#approvals.now());
  }

  /** A question is signed like a vote and decides nothing. */
  @Post(':approval/questions')
  @HttpCode(200)
  async ask(@Param('approval') approval: string, @Body(validated(validateCastVoteRequest)) body: CastVoteRequest) {
    return shown(await this.#approvals.ask(approval, body.jws), this.#approvals.now());
  }
}
