import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, UseGuards } from '@nestjs/common';
import { validatePutToolRequest } from '@countersign/contracts';
import type { PutToolRequest } from '@countersign/contracts';
import { CodedError, Person, PersonGuard, Roles, validated } from '@countersign/service-host';
import type { AuthenticatedPerson } from '@countersign/service-host';
import type { RegistryService } from '../compose.ts';
import { REGISTRY } from './oauth.controller.ts';

const toolName = /^[a-zA-Z0-9_.:-]{1,128}$/;
const nameOf = (name: unknown): string => {
  if (typeof name !== 'string' || !toolName.test(name)) throw new CodedError('invalid_request', 'a tool name has 1 to 128 letters, digits, _ . : -');
  return name;
};

/** A catalogue of up to 500 tools at once. */
interface ToolBatch { readonly tools: readonly ({ readonly tool: string } & PutToolRequest)[] }
const isToolBatch = (value: unknown): value is ToolBatch => {
  const tools = (value as ToolBatch | null)?.tools;
  return Array.isArray(tools) && tools.length > 0 && tools.length <= 500 && tools.every((one) => {
    const { tool, ...definition } = (one ?? {}) as { tool?: unknown };
    return typeof tool === 'string' && toolName.test(tool) && validatePutToolRequest(definition);
  });
};

@Controller('tools')
@UseGuards(PersonGuard)
export class ToolsController {
  readonly #registry: RegistryService;
  constructor(@Inject(REGISTRY) registry: RegistryService) {
    this.#registry = registry;
  }

  @Put(':tool')
  @Roles('operator')
  async put(@Param('tool') tool: string, @Body(validated(validatePutToolRequest)) body: PutToolRequest, @Person() { person }: AuthenticatedPerson) {
    return (await this.#registry.putTools([{ ...body, tool: nameOf(tool) }], person))[0];
  }

  @Post()
  @HttpCode(200)
  @Roles('operator')
  async putAll(@Body(validated(isToolBatch)) body: ToolBatch, @Person() { person }: AuthenticatedPerson) {
    return { tools: await this.#registry.putTools(body.tools, person) };
  }

  @Get()
  async list() {
    return { tools: await this.#registry.tools() };
  }

  @Get(':tool')
  async get(@Param('tool') tool: string) {
    const found = (await this.#registry.tools()).find((one) => one.tool === tool);
    if (!found) throw new CodedError('not_found', 'there is no such tool', { status: 404 });
    return found;
  }
}
