import { Controller, Get, Inject, Param, Query, UseGuards } from '@nestjs/common';
import { CodedError, PersonGuard, Roles } from '@countersign/service-host';
import type { CompletenessView, LogQueryResponse, OpenedEntries, StoryView } from '@countersign/contracts';
import type { Audit } from '../compose.ts';
import { readStory } from '../views/story.ts';
import { AUDIT } from './records.consumer.ts';
import { pageOf, questionOf } from './question.ts';

/** Who may read what was said, names of people included; anybody else has the pseudonymous log. */
export const readers = ['auditor', 'operator', 'supervisor'] as const;
const mostOpened = 200;

/** What people ask of the record. Everything here is a reading of the log made for convenience: what counts is the log and its proofs. */
@Controller()
@UseGuards(PersonGuard)
@Roles(...readers)
export class QuestionsController {
  readonly #audit: Audit;
  constructor(@Inject(AUDIT) audit: Audit) {
    this.#audit = audit;
  }

  @Get('query')
  async query(@Query() query: Readonly<Record<string, unknown>>): Promise<LogQueryResponse> {
    const page = pageOf(query);
    const entries = await this.#audit.questions.ask(questionOf(query), { ...page, limit: page.limit + 1 });
    const shown = entries.slice(0, page.limit);
    return { entries: shown, next: entries.length > page.limit ? shown.at(-1)!.index : null, indexed: await this.#audit.questions.reached(), checked: this.#audit.patrol.since() };
  }

  /** The exact bytes of entries, with their payloads as far as they can be opened: what an export is made of. */
  @Get('opened')
  async opened(@Query('indices') text?: string): Promise<OpenedEntries> {
    if (text === undefined || !/^\d{1,15}(,\d{1,15}){0,199}$/.test(text)) throw new CodedError('invalid_request', `indices: 1 to ${mostOpened} whole numbers, separated by commas`);
    // Whoever asks goes on after the last that came.
    const indices = await this.#audit.published.portion(text.split(',').map(Number));
    const [leaves, payloads] = [await this.#audit.published.leaves(indices), await this.#audit.published.payloads(indices)];
    return {
      entries: indices.flatMap((index) => {
        const [leaf, payload] = [leaves.get(index), payloads.get(index)];
        return leaf === undefined ? [] : [{ index, leaf: leaf.toString('base64'), salt: payload?.salt.toString('base64') ?? null, payload: payload?.body.toString('base64') ?? null }];
      }),
    };
  }

  @Get('completeness')
  completeness(): Promise<CompletenessView> {
    return this.#audit.completeness();
  }

  @Get('runs/:run/story')
  async story(@Param('run') run: string): Promise<StoryView> {
    const { run: wanted } = questionOf({ run });
    const story = await readStory(this.#audit.questions, this.#audit.published, wanted!);
    if (story === undefined) throw new CodedError('not_found', 'nothing of this run is on the record yet', { status: 404 });
    return story;
  }
}
