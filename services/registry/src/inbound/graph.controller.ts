import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { validateMarkNodeRequest, validatePutGraphRequest } from '@countersign/contracts';
import type { MarkNodeRequest, PutGraphRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { graphReviewerRole } from '../app/graph.ts';
import { neighbourhoodPicture } from '../views/neighbourhood-picture.ts';
import { REGISTRY } from './oauth.controller.ts';

interface Reply { header(name: string, value: string): Reply; send(body: string): unknown }

const deepest = 50, shown = 1_000, drawn = 100;
const count = (text: unknown, name: string, fallback: number, most: number): number => {
  if (text === undefined) return fallback;
  if (typeof text !== 'string' || !/^\d{1,4}$/.test(text) || Number(text) < 1 || Number(text) > most) throw new CodedError('invalid_request', `${name} is a whole number from 1 to ${most}`);
  return Number(text);
};

/** Who signs a change asks first what it would do; only an operator makes it. */
const changer = ({ dryRun }: { readonly dryRun?: boolean }, { person, roles }: AuthenticatedPerson): string => {
  if (dryRun !== true && !roles.includes('operator')) throw new CodedError('forbidden', 'this needs the role operator', { status: 403 });
  return person;
};

@Controller('graph')
@UseGuards(PersonGuard)
export class GraphController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Get()
  async get() {
    return { nodes: await this.#registry.graph() };
  }

  @Post()
  @HttpCode(200)
  @Roles('operator', graphReviewerRole)
  async put(@Body(validated(validatePutGraphRequest)) body: PutGraphRequest, @Person() person: AuthenticatedPerson) {
    return this.#registry.putGraph(body, changer(body, person));
  }

  /** Its neighbourhood, its blast radius, and who owns what it reaches. */
  @Get(':node')
  async node(@Param('node') node: string, @Query('depth') depth?: unknown, @Query('most') most?: unknown) {
    const found = await this.#registry.node(node, count(depth, 'depth', 1, deepest), count(most, 'most', 200, shown));
    if (found === undefined) throw new CodedError('not_found', 'there is no such node in the system graph', { status: 404 });
    return found;
  }

  /** The neighbourhood as self-contained SVG: nothing is loaded from anywhere and nothing runs in it. */
  @Get(':node/picture')
  async picture(@Param('node') node: string, @Res() reply: Reply, @Query('depth') depth?: unknown, @Query('most') most?: unknown) {
    const found = await this.#registry.node(node, count(depth, 'depth', 2, deepest), count(most, 'most', 24, drawn));
    if (found === undefined) throw new CodedError('not_found', 'there is no such node in the system graph', { status: 404 });
    return reply.header('content-type', 'image/svg+xml; charset=utf-8').header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox").header('x-content-type-options', 'nosniff').send(await neighbourhoodPicture(found));
  }

  @Post(':node/marks')
  @HttpCode(200)
  @Roles('operator', graphReviewerRole)
  async mark(@Param('node') node: string, @Body(validated(validateMarkNodeRequest)) body: MarkNodeRequest, @Person() person: AuthenticatedPerson) {
    return this.#registry.markNode(node, body, changer(body, person));
  }
}
