import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validatePublishBundleRequest, validateSignedStatementRequest } from '@countersign/contracts';
import type { BundleHistoryView, BundleStatusView, BundleVersionView, DifferencesView, PublishBundleRequest, SignedStatementRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import { Refusal } from '../app/bundles/door.ts';
import type { Door } from '../app/bundles/door.ts';

export const BUNDLES = Symbol('bundles');

const coded = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof Refusal ? new CodedError(error.code, error.message) : error;
  }
};

/** Where people bring rule bundles in. Who asks is one thing, what counts are the statements they signed: evaluators check those again. */
@Controller('policy')
@UseGuards(PersonGuard)
export class BundlesController {
  readonly #door: Door;
  constructor(@Inject(BUNDLES) door: Door) {
    this.#door = door;
  }

  @Get('bundles')
  status(): Promise<BundleStatusView> {
    return coded(this.#door.status());
  }

  @Get('bundles/:version')
  version(@Param('version') version: string): Promise<BundleVersionView> {
    return coded(this.#door.version(version));
  }

  @Get('history')
  history(@Query('after') after = '0'): Promise<BundleHistoryView> {
    if (!/^\d{1,9}$/.test(after)) throw new CodedError('invalid_request', 'after is the position of an event, as the answer before gave it');
    return coded(this.#door.history(Number(after)));
  }

  @Get('differences')
  differences(): Promise<DifferencesView> {
    return coded(this.#door.differences());
  }

  /** Safe to repeat with the same files. */
  @Post('bundles')
  @HttpCode(200)
  publish(@Body(validated(validatePublishBundleRequest)) body: PublishBundleRequest, @Person() { person }: AuthenticatedPerson): Promise<BundleVersionView> {
    return coded(this.#door.publish(body.archive, body.jws, person));
  }

  @Post('orders')
  @HttpCode(200)
  order(@Body(validated(validateSignedStatementRequest)) body: SignedStatementRequest, @Person() { person }: AuthenticatedPerson): Promise<BundleStatusView> {
    return coded(this.#door.order(body.jws, person));
  }

  @Post('reviews')
  @HttpCode(200)
  review(@Body(validated(validateSignedStatementRequest)) body: SignedStatementRequest, @Person() { person }: AuthenticatedPerson): Promise<BundleStatusView> {
    return coded(this.#door.review(body.jws, person));
  }
}
