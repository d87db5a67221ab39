import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { Connected, ScimRefusal, ScimUser } from '../app/scim.ts';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';
import { attributesOf, matching, patched, resourceOf, ScimError } from './scim-resource.ts';
import { provider, resourceTypes, schemas } from './scim-provider.ts';

interface Reply { code(status: number): Reply; header(name: string, value: string): Reply; send(body?: unknown): unknown }
interface Heads { readonly authorization?: string; readonly 'if-match'?: string }

const statuses: Readonly<Record<string, { readonly status: number; readonly scimType?: string }>> = {
  already_exists: { status: 409, scimType: 'uniqueness' }, not_found: { status: 404 }, conflict: { status: 409 }, forbidden: { status: 403 }, invalid_request: { status: 400, scimType: 'invalidValue' }, last_operator: { status: 409, scimType: 'mutability' },
};
const listOf = (found: readonly object[], total: number, startIndex: number) => ({ schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'], totalResults: total, startIndex, itemsPerPage: found.length, Resources: found });
const mostAtOnce = 200;
const whole = (text: string | undefined, otherwise: number): number => (text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : otherwise);

/** SCIM 2.0 (RFC 7643, 7644) for identity providers: people come, change and leave. A bearer token per connection. */
@Controller('scim/v2')
export class ScimController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get('ServiceProviderConfig')
  config(@Headers() heads: Heads, @Res() reply: Reply) { return this.#answer(heads, reply, async () => reply.code(200).send(provider)); }
  @Get('ResourceTypes')
  types(@Headers() heads: Heads, @Res() reply: Reply) { return this.#answer(heads, reply, async () => reply.code(200).send(listOf(resourceTypes, resourceTypes.length, 1))); }
  @Get('Schemas')
  schemas(@Headers() heads: Heads, @Res() reply: Reply) { return this.#answer(heads, reply, async () => reply.code(200).send(listOf(schemas, schemas.length, 1))); }

  @Get('Users')
  list(@Headers() heads: Heads, @Query() query: Readonly<Record<string, string | undefined>>, @Res() reply: Reply) {
    return this.#answer(heads, reply, async (by) => {
      const wanted = matching(query['filter']);
      const found = (await this.#registry.scim.users(by)).map((user) => resourceOf(user, this.#registry.scimBase)).filter(wanted);
      const start = Math.max(1, whole(query['startIndex'], 1)), count = Math.max(0, Math.min(mostAtOnce, whole(query['count'], 100)));
      return reply.code(200).send(listOf(found.slice(start - 1, start - 1 + count), found.length, start));
    });
  }

  @Get('Users/:id')
  get(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) { return this.#answer(heads, reply, async (by) => this.#show(reply, 200, await this.#user(by, id))); }

  @Post('Users')
  create(@Headers() heads: Heads, @Body() body: unknown, @Res() reply: Reply) { return this.#answer(heads, reply, async (by) => this.#show(reply, 201, taken(await this.#registry.scim.create(by, attributesOf(body))))); }

  @Put('Users/:id')
  put(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return this.#answer(heads, reply, async (by) => this.#show(reply, 200, taken(await this.#registry.scim.replace(by, await this.#user(by, id, heads), attributesOf(body)))));
  }

  @Patch('Users/:id')
  patch(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return this.#answer(heads, reply, async (by) => { const user = await this.#user(by, id, heads); return this.#show(reply, 200, taken(await this.#registry.scim.replace(by, user, patched(user, body)))); });
  }

  @Delete('Users/:id')
  remove(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) {
    return this.#answer(heads, reply, async (by) => { const refusal = await this.#registry.scim.remove(by, await this.#user(by, id, heads)); if (refusal !== undefined) taken(refusal); return reply.code(204).send(); });
  }

  async #user(by: Connected, id: string, heads: Heads = {}): Promise<ScimUser> {
    const user = await this.#registry.scim.user(by, id);
    if (user === undefined) throw new ScimError(404, 'there is no such user of this connection');
    if (heads['if-match'] !== undefined && heads['if-match'] !== '*' && heads['if-match'] !== `W/"${user.version}"`) throw new ScimError(412, 'it was changed since: read it again');
    return user;
  }

  #show(reply: Reply, status: number, user: ScimUser): unknown {
    const resource = resourceOf(user, this.#registry.scimBase);
    return reply.code(status).header('etag', resource.meta.version).header('location', resource.meta.location).send(resource);
  }

  async #answer(heads: Heads, reply: Reply, work: (by: Connected) => Promise<unknown>): Promise<unknown> {
    reply.header('content-type', 'application/scim+json').header('cache-control', 'no-store');
    try {
      const by = await this.#registry.scimConnection(/^Bearer (\S{1,200})$/i.exec(heads.authorization ?? '')?.[1] ?? '');
      if (by === undefined) throw new ScimError(401, 'send Authorization: Bearer with the token of a connection (countersign scim connect)');
      if (by === 'too_many') throw new ScimError(429, 'too many requests: try again in a minute');
      return await work(by);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      return reply.code(error.status).send({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(error.status), ...(error.scimType !== undefined && { scimType: error.scimType }), detail: error.message });
    }
  }
}

const taken = (answer: ScimUser | ScimRefusal): ScimUser => {
  if (!('code' in answer)) return answer;
  const { status, scimType } = statuses[answer.code] ?? { status: 400 };
  throw new ScimError(status, answer.detail ?? answer.code, scimType);
};
