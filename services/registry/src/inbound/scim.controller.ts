import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';
import { answer, listOf } from './scim-answer.ts';
import type { Heads, Reply } from './scim-answer.ts';
import { provider, resourceTypes, schemas } from './scim-provider.ts';

/** What SCIM 2.0 (RFC 7643, 7644) is spoken here with identity providers; a bearer token per connection. */
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
}
