import { Controller, Get, Inject, Param, Query, UseGuards } from '@nestjs/common';
import { CodedError, PersonGuard } from '@countersign/service-host';
import type { Anomaly } from '../compose.ts';
import { ANOMALY } from './findings.consumer.ts';

const agentOf = (text: string | undefined): string | undefined => {
  if (text !== undefined && !/^[\w.:-]{1,128}$/.test(text)) throw new CodedError('invalid_request', 'an agent id has 1 to 128 letters, digits, _ . : -');
  return text;
};

/** For anyone enrolled. */
@Controller()
@UseGuards(PersonGuard)
export class AnomalyController {
  readonly #anomaly: Anomaly;
  constructor(@Inject(ANOMALY) anomaly: Anomaly) {
    this.#anomaly = anomaly;
  }

  @Get('levels')
  levels(@Query('after') after?: string) {
    return this.#anomaly.levels(agentOf(after) ?? '', 500);
  }

  @Get('levels/:agent')
  level(@Param('agent') agent: string) {
    const level = this.#anomaly.level(agentOf(agent)!);
    if (level === undefined) throw new CodedError('not_found', 'no level was ever told of this agent: it is normal, or unknown', { status: 404 });
    return level;
  }

  @Get('findings')
  async findings(@Query('agent') agent?: string) {
    return { findings: await this.#anomaly.findings(agentOf(agent)) };
  }
}
