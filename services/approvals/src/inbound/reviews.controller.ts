import { Body, Controller, Get, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { validateGiveReviewRequest } from '@countersign/contracts';
import type { GiveReviewRequest, ReviewList, ReviewView } from '@countersign/contracts';
import { PersonGuard, validated } from '@countersign/service-host';
import type { ApprovalService } from '../compose.ts';
import type { Drawn } from '../core/review.ts';
import { APPROVALS } from './governed.consumer.ts';

const shown = ({ run, action, tool, instruction, arguments: args, digest, at }: Drawn): ReviewView => ({ run, action, tool, instruction, arguments: args, digest, at });

@Controller('reviews')
export class ReviewsController {
  readonly #approvals: ApprovalService;
  constructor(@Inject(APPROVALS) approvals: ApprovalService) {
    this.#approvals = approvals;
  }

  @Get()
  @UseGuards(PersonGuard)
  async list(): Promise<ReviewList> {
    return { reviews: (await this.#approvals.reviews(500)).map(shown) };
  }

  /** The verdict is a statement signed by the person: it authenticates itself. */
  @Post()
  @HttpCode(200)
  async give(@Body(validated(validateGiveReviewRequest)) body: GiveReviewRequest): Promise<ReviewView> {
    return shown(await this.#approvals.review(body.jws));
  }
}
