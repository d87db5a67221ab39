import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common';
import { validateSignedStatementRequest } from '@countersign/contracts';
import type { SignedStatementRequest } from '@countersign/contracts';
import { CodedError, PersonGuard, validated } from '@countersign/service-host';
import type { Anomaly } from '../compose.ts';
import { ANOMALY } from './findings.consumer.ts';

const agentOf = (text: string | undefined): string | undefined => {
  if (text !== undefined && !/^[\w.:-]{1,128}$/.test(text)) throw new CodedError('invalid_request', 'an agent id has 1 to 128 letters, digits, _ . : -');
  return text;
};

const findingOf = (text: string): string => {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,127}$/.test(text)) throw new CodedError('invalid_request', 'that is no id of a finding');
  return text;
};

/** Reading is for anyone enrolled. */
@Controller()
export class AnomalyController {
  readonly #anomaly: Anomaly;
  constructor(@Inject(ANOMALY) anomaly: Anomaly) {
    this.#anomaly = anomaly;
  }

  @Get('levels')
  @UseGuards(PersonGuard)
  levels(@Query('after') after?: string) {
    return this.#anomaly.levels(agentOf(after) ?? '', 500);
  }

  @Get('levels/:agent')
  @UseGuards(PersonGuard)
  level(@Param('agent') agent: string) {
    const level = this.#anomaly.level(agentOf(agent)!);
    if (level === undefined) throw new CodedError('not_found', 'no level was ever told of this agent: it is normal, or unknown', { status: 404 });
    return level;
  }

  @Get('agents/:agent/behaviour')
  @UseGuards(PersonGuard)
  behaviour(@Param('agent') agent: string) {
    return this.#anomaly.behaviour(agentOf(agent)!);
  }

  @Get('findings')
  @UseGuards(PersonGuard)
  async findings(@Query('agent') agent?: string) {
    return { findings: await this.#anomaly.findings(agentOf(agent)) };
  }

  @Get('findings/:finding')
  @UseGuards(PersonGuard)
  async finding(@Param('finding') finding: string) {
    const shown = await this.#anomaly.finding(findingOf(finding));
    if (shown === undefined) throw new CodedError('not_found', 'there is no such finding', { status: 404 });
    return shown;
  }

  /** The statement is signed by the analyst: it authenticates itself. */
  @Post('findings/:finding/dispositions')
  @HttpCode(202)
  dispose(@Param('finding') finding: string, @Body(validated(validateSignedStatementRequest)) { jws }: SignedStatementRequest) {
    return this.#anomaly.dispose(findingOf(finding), jws);
  }
}
