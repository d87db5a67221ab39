import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { validateStandingRequest } from '@countersign/contracts';
import type { StandingRequest, StandingResponse } from '@countersign/contracts';
import { CodedError, validated } from '@countersign/service-host';
import type { AskStanding } from '../app/bundles/standing.ts';

export const STANDING = Symbol('standing');

/** For the registry's governance reviews. It says no more than the rules, which anybody may read, and what it says is signed. */
@Controller()
export class StandingController {
  readonly #standing: AskStanding;
  constructor(@Inject(STANDING) standing: AskStanding) {
    this.#standing = standing;
  }

  @Post('policy/standing')
  @HttpCode(200)
  async standing(@Body(validated(validateStandingRequest)) body: StandingRequest): Promise<StandingResponse> {
    const answer = await this.#standing(body);
    if (answer === null) throw new CodedError('not_ready', 'no rules are in force yet, or others than were ordered last', { status: 503, retryAfterS: 1 });
    return answer;
  }
}
