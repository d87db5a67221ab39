import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateCastVoteRequest } from '@countersign/contracts';
import type { ApprovalView, CastVoteRequest } from '@countersign/contracts';
import { CodedError, PersonGuard, validated } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import type { Known } from '../views/approvals.ts';
import { APPROVALS } from './governed.consumer.ts';

/** An approval as its approvers see it. Arguments and reason are the agent's own words: untrusted, to be shown as text. */
const shown = (state: Known): ApprovalView => {
  const { evidence, ...question } = state.question;
  return {
    ...question, status: state.status, resolution: state.status === 'closed' ? state.resolution : null, requestedAt: state.requestedAt,
    votes: state.votes.map(({ person, vote }) => ({ person, vote })),
    arguments: evidence.arguments, ...(evidence.changes !== undefined && { changes: evidence.changes }), reason: evidence.reason, rules: evidence.rules,
  };
};

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
    return { approvals: approvals.map(shown) };
  }

  @Get(':approval')
  @UseGuards(PersonGuard)
  async get(@Param('approval') approval: string) {
    const found = await this.#approvals.view.get(this.#tenant, approval);
    if (!found) throw new CodedError('not_found', 'there is no such approval', { status: 404 });
    return shown(found);
  }

  /** The vote is a statement signed by the person: it authenticates itself, and policy checks the signature again. */
  @Post(':approval/votes')
  @HttpCode(200)
  async vote(@Param('approval') approval: string, @Body(validated(validateCastVoteRequest)) body: CastVoteRequest) {
    return shown(await this.#approvals.vote(approval, body.jws));
  }
}
