import { Body, Delete, Get, Headers, Inject, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { Connected, ScimRefusal } from '../app/scim.ts';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';
import { answer, pageOf, sameVersion, show, taken } from './scim-answer.ts';
import type { Heads, Query as Asked, Reply, Resource } from './scim-answer.ts';
import { matching, ScimError } from './scim-resource.ts';

/** What one type of resource is here. Bodies come as they were sent: whoever takes them checks them. */
export interface Provisioning<Stored extends { readonly version: number }> {
  /** In the answer where there is none of that id. */
  readonly what: string;
  all(by: Connected): Promise<readonly Stored[]>;
  find(by: Connected, id: string): Promise<Stored | undefined>;
  create(by: Connected, body: unknown): Promise<Stored | ScimRefusal>;
  replace(by: Connected, before: Stored, body: unknown): Promise<Stored | ScimRefusal>;
  patch(by: Connected, before: Stored, body: unknown): Promise<Stored | ScimRefusal>;
  remove(by: Connected, stored: Stored): Promise<ScimRefusal | undefined>;
  resource(stored: Stored): Resource;
}

/** The endpoints of one type of resource (RFC 7644 section 3), for whoever holds the token of a connection. */
export abstract class ScimResources<Stored extends { readonly version: number }> {
  protected readonly registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.registry = registry;
  }
  protected abstract provisioning(): Provisioning<Stored>;

  @Get()
  list(@Headers() heads: Heads, @Query() query: Asked, @Res() reply: Reply) {
    return answer(this.registry, heads, reply, async (by) => {
      const wanted = matching(query['filter']), of = this.provisioning();
      return reply.code(200).send(pageOf((await of.all(by)).map((one) => of.resource(one)).filter(wanted), query));
    });
  }

  @Get(':id')
  get(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) { return answer(this.registry, heads, reply, async (by) => this.#show(reply, 200, await this.#known(by, id))); }

  @Post()
  create(@Headers() heads: Heads, @Body() body: unknown, @Res() reply: Reply) { return answer(this.registry, heads, reply, async (by) => this.#show(reply, 201, taken(await this.provisioning().create(by, body)))); }

  @Put(':id')
  put(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.registry, heads, reply, async (by) => this.#show(reply, 200, taken(await this.provisioning().replace(by, await this.#known(by, id, heads), body))));
  }

  @Patch(':id')
  patch(@Headers() heads: Heads, @Param('id') id: string, @Body() body: unknown, @Res() reply: Reply) {
    return answer(this.registry, heads, reply, async (by) => this.#show(reply, 200, taken(await this.provisioning().patch(by, await this.#known(by, id, heads), body))));
  }

  @Delete(':id')
  remove(@Headers() heads: Heads, @Param('id') id: string, @Res() reply: Reply) {
    return answer(this.registry, heads, reply, async (by) => { const refusal = await this.provisioning().remove(by, await this.#known(by, id, heads)); if (refusal !== undefined) taken(refusal); return reply.code(204).send(); });
  }

  async #known(by: Connected, id: string, heads: Heads = {}): Promise<Stored> {
    const of = this.provisioning(), found = await of.find(by, id);
    if (found === undefined) throw new ScimError(404, `there is no such ${of.what} of this connection`);
    sameVersion(heads, `W/"${found.version}"`);
    return found;
  }

  #show(reply: Reply, status: number, stored: Stored): unknown { return show(reply, status, this.provisioning().resource(stored)); }
}
