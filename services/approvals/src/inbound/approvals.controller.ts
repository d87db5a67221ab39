import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { CodedError, PersonGuard, validated } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import type { Known } from '../views/approvals.ts';
import { APPROVALS } from './governed.consumer.ts';

interface VoteBody { readonly jws: string }
const isVoteBody = (value: unknown): value is VoteBody => {
  const body = value as VoteBody | null;
  return typeof body === 'object' && body !== null && Object.keys(body).length === 1 && typeof body.jws === 'string' && body.jws.length <= 8192;
};

/** An approval as people see it: n of m, what is asked, and the evidence. */
const shown = (state: Known) => ({
  ...state.question, status: state.status === 'open' ? 'open' : state.resolution,
  approvals: state.votes.filter((vote) => vote.vote === 'approve').length, votes: state.votes.map(({ person, vote }) => ({ person, vote })),
});

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
  async vote(@Param('approval') approval: string, @Body(validated(isVoteBody)) body: VoteBody) {
    return shown(await this.#approvals.vote(approval, body.jws));
  }
}
