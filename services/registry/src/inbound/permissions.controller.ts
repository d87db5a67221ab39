import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, UseGuards } from '@nestjs/common';
import { validateApproveChangeRequest, validateFileChangeRequest, validateNewAgentRequest, validatePutGrantorRequest, validatePutProcessRequest, validatePutRoleRequest, validatePutTemplateRequest, validateReasonRequest } from '@countersign/contracts';
import type { ApproveChangeRequest, FileChangeRequest, Json, NewAgentRequest, PutGrantorRequest, PutProcessRequest, PutRoleRequest, PutTemplateRequest, ReasonRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

const name = (value: string): string => {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(value)) throw new CodedError('invalid_request', 'an id has 1 to 64 lower-case letters, digits, . _ -');
  return value;
};
const change = (value: string): string => {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value)) throw new CodedError('not_found', 'there is no such change request', { status: 404 });
  return value;
};
const argumentsOf = (text: string | undefined): Json | undefined => {
  if (text === undefined) return undefined;
  try {
    if (text.length <= 16_384) return JSON.parse(text) as Json;
  } catch { /* said below */ }
  throw new CodedError('invalid_request', 'args is JSON of at most 16,384 characters');
};

/** Roles, templates, what people may give, and requests to change what agents may do. */
@Controller()
@UseGuards(PersonGuard)
export class PermissionsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get('roles')
  async roles() { return { roles: await this.#registry.permissions.list('role') }; }

  @Put('roles/:id')
  @Roles('operator')
  putRole(@Param('id') id: string, @Body(validated(validatePutRoleRequest)) { role, reason }: PutRoleRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.permissions.put({ kind: 'role', id: name(id), after: role }, reason, who);
  }

  @Get('templates')
  async templates() { return { templates: await this.#registry.permissions.list('template') }; }

  @Put('templates/:id')
  putTemplate(@Param('id') id: string, @Body(validated(validatePutTemplateRequest)) { template, reason }: PutTemplateRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.permissions.put({ kind: 'template', id: name(id), after: template }, reason, who);
  }

  @Post('templates/:id/agents')
  newAgent(@Param('id') id: string, @Body(validated(validateNewAgentRequest)) body: NewAgentRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.registerFrom(name(id), body, who);
  }

  @Get('grantors')
  async grantors() { return { grantors: await this.#registry.permissions.list('grantor') }; }

  @Put('grantors/:id')
  @Roles('operator')
  putGrantor(@Param('id') id: string, @Body(validated(validatePutGrantorRequest)) { grantor, reason }: PutGrantorRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.permissions.put({ kind: 'grantor', id: name(id), after: grantor }, reason, who);
  }

  @Get('processes')
  async processes() { return { processes: await this.#registry.permissions.list('process') }; }

  @Put('processes/:id')
  putProcess(@Param('id') id: string, @Body(validated(validatePutProcessRequest)) { process, reason }: PutProcessRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.permissions.put({ kind: 'process', id: name(id), after: process }, reason, who);
  }

  @Post('roles/:id/remove')
  @HttpCode(200)
  @Roles('operator')
  removeRole(@Param('id') id: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.permissions.remove('role', name(id), reason, person); }

  @Post('templates/:id/remove')
  @HttpCode(200)
  @Roles('operator')
  removeTemplate(@Param('id') id: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.permissions.remove('template', name(id), reason, person); }

  @Post('processes/:id/remove')
  @HttpCode(200)
  @Roles('operator')
  removeProcess(@Param('id') id: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() { person }: AuthenticatedPerson) { return this.#registry.permissions.remove('process', name(id), reason, person); }

  @Get('changes')
  async changes() { return { changes: await this.#registry.permissions.changes() }; }

  @Get('changes/:id')
  async change(@Param('id') id: string) {
    const found = await this.#registry.permissions.change(change(id));
    if (!found) throw new CodedError('not_found', 'there is no such change request', { status: 404 });
    return found;
  }

  @Post('changes')
  file(@Body(validated(validateFileChangeRequest)) body: FileChangeRequest, @Person() who: AuthenticatedPerson) { return this.#registry.fileChange(body, who); }

  @Post('changes/:id/approve')
  @HttpCode(200)
  approve(@Param('id') id: string, @Body(validated(validateApproveChangeRequest)) body: ApproveChangeRequest, @Person() who: AuthenticatedPerson) {
    return this.#registry.approveChange(change(id), body, who);
  }

  @Post('changes/:id/withdraw')
  @HttpCode(200)
  withdraw(@Param('id') id: string, @Body(validated(validateReasonRequest)) { reason }: ReasonRequest, @Person() who: AuthenticatedPerson) { return this.#registry.permissions.withdraw(change(id), reason, who); }

  @Get('agents/:agent/permissions')
  async explain(@Param('agent') agent: string, @Query('tool') tool?: string, @Query('args') args?: string) {
    const found = await this.#registry.permissions.explain(agent, tool, argumentsOf(args));
    if (!found) throw new CodedError('not_found', 'there is no such agent', { status: 404 });
    return found;
  }

  @Get('agents/:agent/unused')
  async unused(@Param('agent') agent: string, @Query('days') days = '30') {
    if (!/^[1-9]\d{0,2}$/.test(days) || Number(days) > 365) throw new CodedError('invalid_request', 'days is 1 to 365');
    const found = await this.#registry.permissions.unused(agent, Number(days));
    if (!found) throw new CodedError('not_found', 'there is no such agent', { status: 404 });
    return found;
  }
}
