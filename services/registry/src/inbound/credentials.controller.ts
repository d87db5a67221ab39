import { Body, Controller, Get, Inject, Param, Post, UseGuards } from '@nestjs/common';
import { validateAddAgentKeyRequest, validateRevokeRequest } from '@countersign/contracts';
import type { AddAgentKeyRequest, RevokeRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

/** Keys of an agent, and what was revoked of it. Operators add keys; they and the agent's owner revoke. */
@Controller('agents/:agent')
@UseGuards(PersonGuard)
export class CredentialsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get('keys')
  async keys(@Param('agent') agent: string) {
    await this.#known(agent);
    return { keys: await this.#registry.credentials.keys(agent) };
  }

  /** Safe to repeat with the same key. */
  @Post('keys')
  @Roles('operator')
  async add(@Param('agent') agent: string, @Body(validated(validateAddAgentKeyRequest)) body: AddAgentKeyRequest, @Person() { person }: AuthenticatedPerson) {
    if ((await this.#known(agent)).status === 'decommissioned') throw new CodedError('conflict', 'a decommissioned agent gets no keys');
    const refusal = await this.#registry.credentials.add(agent, body, person);
    if (refusal !== undefined) throw new CodedError(refusal.code, refusal.detail);
    return this.keys(agent);
  }

  @Get('revocations')
  async revocations(@Param('agent') agent: string) {
    await this.#known(agent);
    return { revocations: await this.#registry.credentials.revocations(agent) };
  }

  @Post('revocations')
  async revoke(@Param('agent') agent: string, @Body(validated(validateRevokeRequest)) body: RevokeRequest, @Person() { person, roles }: AuthenticatedPerson) {
    const { owner } = await this.#known(agent);
    if (!roles.includes('operator') && person !== owner) throw new CodedError('forbidden', 'an operator or the owner of the agent revokes', { status: 403 });
    const revoked = await this.#registry.credentials.revoke(agent, body, person);
    if ('status' in revoked) throw new CodedError(revoked.code, revoked.detail);
    return { revocations: revoked };
  }

  async #known(agent: string) {
    const found = await this.#registry.agent(agent);
    if (found === undefined) throw new CodedError('not_found', 'there is no such agent', { status: 404 });
    return found;
  }
}
