import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateCastVotesRequest, validateSeedApprovalRequest, validateSignedStatementRequest } from '@countersign/contracts';
import type { ApprovalAttention, CastVotesRequest, CastVotesResponse, PreApprovalList, PreApprovalView, ReviewerList, SeedApprovalRequest, SignedStatementRequest, StandInList, StandInView } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import type { StandIn } from '../core/stand-in.ts';
import { shown } from '../views/shown.ts';
import { APPROVALS } from './governed.consumer.ts';

const standInView = ({ person, to, from, until }: StandIn): StandInView => ({ person, to, from, until });

/** What people do that is about more than one approval. */
@Controller()
export class DeskController {
  readonly #approvals: ApprovalService;
  constructor(@Inject(APPROVALS) approvals: ApprovalService) {
    this.#approvals = approvals;
  }

  /** Each vote authenticates itself and is decided by itself: one that is refused holds up no other. */
  @Post('votes')
  @HttpCode(200)
  async votes(@Body(validated(validateCastVotesRequest)) { votes }: CastVotesRequest): Promise<CastVotesResponse> {
    const results: CastVotesResponse['results'][number][] = [];
    for (const { approval, jws } of votes) {
      try {
        const after = await this.#approvals.vote(approval, { jws });
        results.push({ approval, ok: true, code: 'ok', detail: after.counted === 'now' ? null : 'this vote was counted before: nothing changed', status: after.status, resolution: after.status === 'closed' ? after.resolution : null });
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        results.push({ approval, ok: false, code: error.code, detail: error.message.slice(0, 1_000), status: null, resolution: null });
      }
    }
    return { results };
  }

  @Get('stand-ins')
  @UseGuards(PersonGuard)
  async standIns(): Promise<StandInList> {
    return { standIns: (await this.#approvals.standIns()).map(standInView) };
  }

  @Post('stand-ins')
  @HttpCode(200)
  async nameStandIn(@Body(validated(validateSignedStatementRequest)) { jws }: SignedStatementRequest): Promise<StandInView> {
    return standInView(await this.#approvals.nameStandIn(jws));
  }

  @Post('stand-ins/withdraw')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  async withdraw(@Person() { person }: AuthenticatedPerson): Promise<StandInList> {
    await this.#approvals.withdrawStandIn(person);
    return this.standIns();
  }

  @Get('pre-approvals')
  @UseGuards(PersonGuard)
  async preApprovals(): Promise<PreApprovalList> {
    return { preApprovals: [...await this.#approvals.preApprovals.list()] };
  }

  /** What somebody agrees to beforehand: signed, so it authenticates itself. */
  @Post('pre-approvals')
  @HttpCode(200)
  preApprove(@Body(validated(validateSignedStatementRequest)) { jws }: SignedStatementRequest): Promise<PreApprovalView> {
    return this.#approvals.preApprove(jws);
  }

  @Post('pre-approvals/:preApproval/revoke')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  revokePreApproval(@Param('preApproval') preApproval: string, @Person() by: AuthenticatedPerson): Promise<PreApprovalView> {
    return this.#approvals.preApprovals.revoke(preApproval, by);
  }

  @Get('attention')
  @UseGuards(PersonGuard)
  attention(): Promise<ApprovalAttention> {
    return this.#approvals.attention();
  }

  @Get('reviewers')
  @UseGuards(PersonGuard)
  @Roles('operator', 'reviewer')
  async reviewers(): Promise<ReviewerList> {
    return { reviewers: await this.#approvals.reviewers() };
  }

  @Post('seeds')
  @HttpCode(200)
  @UseGuards(PersonGuard)
  @Roles('operator')
  async seed(@Body(validated(validateSeedApprovalRequest)) body: SeedApprovalRequest, @Person() { person }: AuthenticatedPerson) {
    return shown(await this.#approvals.seed(body, person), this.#approvals.now());
  }
}
