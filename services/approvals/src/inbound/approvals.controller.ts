import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateCastVoteRequest, validateEditApprovalRequest, validateSignedStatementRequest } from '@countersign/contracts';
import type { CastVoteRequest, EditApprovalRequest, SignedStatementRequest } from '@countersign/contracts';
import { peekJws } from '@countersign/identity';
import { CodedError, Person, PersonGuard, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import { shown, shownTo, shownWhole } from '../views/shown.ts';
import { APPROVALS } from './governed.consumer.ts';
import { pageOf, pageSize, placeOf } from './pages.ts';

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
  async list(@Person() { person }: AuthenticatedPerson, @Query('status') status?: string, @Query('run') run?: string, @Query('after') after?: string) {
    if (run !== undefined && !/^[\w.:~-]{1,128}$/.test(run)) throw new CodedError('invalid_request', 'run is an id', { status: 400 });
    const approvals = await this.#approvals.view.list(this.#tenant, { status: status === 'open' || status === 'closed' ? status : undefined, run, after: placeOf(after) }, pageSize);
    const standings = await this.#approvals.standings(person, approvals);
    return pageOf(approvals.map((one, i) => shownTo(one, standings[i]!, this.#approvals.now())));
  }

  @Get(':approval')
  @UseGuards(PersonGuard)
  async get(@Param('approval') approval: string, @Person() { person }: AuthenticatedPerson) {
    const found = await this.#approvals.view.get(this.#tenant, approval);
    if (!found) throw new CodedError('not_found', 'there is no such approval', { status: 404 });
    await this.#approvals.opened(approval, person);
    const [you] = await this.#approvals.standings(person, [found]);
    return { ...shownWhole(found, this.#approvals.now()), you: you! };
  }

  /** The vote is a statement signed by the person: it authenticates itself, and policy checks the signature again. */
  @Post(':approval/votes')
  @HttpCode(200)
  async vote(@Param('approval') approval: string, @Body(validated(validateCastVoteRequest)) body: CastVoteRequest) {
    const { counted, ...after } = await this.#approvals.vote(approval, body);
    // Whoever signed the vote is the one who asks.
    const [you] = await this.#approvals.standings(String(peekJws(body.jws)?.['sub']), [after]);
    return shownTo(after, { ...you!, counted }, this.#approvals.now());
  }

  /** A question is signed like a vote and decides nothing. */
  @Post(':approval/questions')
  @HttpCode(200)
  async ask(@Param('approval') approval: string, @Body(validated(validateCastVoteRequest)) body: CastVoteRequest) {
    return shown(await this.#approvals.ask(approval, body.jws), this.#approvals.now());
  }

  @Post(':approval/edits')
  @HttpCode(200)
  async edit(@Param('approval') approval: string, @Body(validated(validateEditApprovalRequest)) body: EditApprovalRequest) {
    return shown(await this.#approvals.edit(approval, body.jws, body.arguments), this.#approvals.now());
  }

  @Post(':approval/glass-review')
  @HttpCode(200)
  async reviewGlass(@Param('approval') approval: string, @Body(validated(validateSignedStatementRequest)) body: SignedStatementRequest) {
    return shown(await this.#approvals.reviewGlass(approval, body.jws), this.#approvals.now());
  }
}
