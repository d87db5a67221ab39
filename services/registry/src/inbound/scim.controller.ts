import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { Connected, ScimUser } from '../app/scim.ts';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';
import { answer, listOf, pageOf, sameVersion, show, taken } from './scim-answer.ts';
import type { Heads, Query as Asked, Reply } from './scim-answer.ts';
import { attributesOf, matching, patched, resourceOf, ScimError } from './scim-resource.ts';
import { provider, resourceTypes, schemas } from './scim-provider.ts';

/** SCIM 2.0 (RFC 7643, 7644) for identity providers: people come, change and leave. A bearer token per connection. */
@Controller('scim/v2')
export class ScimController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get('ServiceProviderConfig')
  config(@Headers() heads: Heads, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async () => reply.code(200).send(provider)); }
  @Get('ResourceTypes')
  types(@Headers() heads: Heads, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async () => reply.code(200).send(listOf(resourceTypes, resourceTypes.length, 1))); }
  @Get('Schemas')
  schemas(@Headers() heads: Heads, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async () => reply.code(200).send(listOf(schemas, schemas.length, 1))); }

  @Get('Users')
  list(@Headers() heads: Heads, @Query() query: Asked, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => {
      const wanted = matching(query['filter']);
      return reply.code(200).send(pageOf((await this.#registry.scim.users(by)).map((user) => resourceOf(user, this.#registry.scimBase)).filter(wanted), query));
    });
  }

  @Get('Users/:id')
  get(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 200, await this.#user(by, id))); }

  @Post('Users')
  create(@Headers() heads: Heads, @Body() body: unknown, @Res() reply: Reply) { return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 201, taken(await this.#registry.scim.create(by, attributesOf(body))))); }

  @Put('Users/:id')
  put(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => this.#show(reply, 200, taken(await this.#registry.scim.replace(by, await this.#user(by, id, heads), attributesOf(body)))));
  }

  @Patch('Users/:id')
  patch(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => { const user = await this.#user(by, id, heads); return this.#show(reply, 200, taken(await this.#registry.scim.replace(by, user, patched(user, body)))); });
  }

  @Delete('Users/:id')
  remove(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) {
    return answer(this.#registry, heads, reply, async (by) => { const refusal = await this.#registry.scim.remove(by, await this.#user(by, id, heads)); if (refusal !== undefined) taken(refusal); return reply.code(204).send(); });
  }

  async #user(by: Connected, id: string, heads: Heads = {}): Promise<ScimUser> {
    const user = await this.#registry.scim.user(by, id);
    if (user === undefined) throw new ScimError(404, 'there is no such user of this connection');
    sameVersion(heads, `W/"${user.version}"`);
    return user;
  }

  #show(reply: Reply, status: number, user: ScimUser): unknown { return show(reply, status, resourceOf(user, this.#registry.scimBase)); }
}
