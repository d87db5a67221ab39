import { Controller, Get, Header, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { CodedError } from '@countersign/service-host';
import { parseTilePath } from '@countersign/tamper-log';
import type { Audit } from '../compose.ts';
import { AUDIT } from './records.consumer.ts';

/** Why whoever runs this log could rewrite it unnoticed; empty where keys, last checkpoint and witnesses are apart. */
export const TOGETHER = Symbol('Together');

interface Reply { header(name: string, value: string): Reply; send(body: unknown): unknown }

const found = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new CodedError('not_found', `${what}: there is none under the published checkpoint`, { status: 404 });
  return value;
};
const indexOf = (text: string): number => {
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new CodedError('invalid_request', 'an index is a whole number');
  return Number(text);
};
const idOf = (text: string | undefined): string | undefined => {
  if (text !== undefined && !/^[\w.:-]{1,128}$/.test(text)) throw new CodedError('invalid_request', 'an id has 1 to 128 letters, digits, _ . : -');
  return text;
};

/** The C2SP tlog-tiles read interface, proofs and entries. Read-only; the record is pseudonymous. */
@Controller()
export class LogController {
  readonly #audit: Audit;
  readonly #together: readonly string[];
  constructor(@Inject(AUDIT) audit: Audit, @Inject(TOGETHER) together: readonly string[]) {
    this.#audit = audit;
    this.#together = together;
  }

  @Get('custody')
  @Header('content-type', 'text/plain; charset=utf-8')
  custody() {
    return this.#together.map((why) => `operator can forge: ${why}\n`).join('');
  }

  @Get('checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  async checkpoint() {
    return found(await this.#audit.published.checkpoint(), 'checkpoint');
  }

  @Get('verifier-key')
  @Header('content-type', 'text/plain; charset=utf-8')
  verifierKey() {
    return `${this.#audit.verifierKey}\n`;
  }

  @Get('tile/*')
  async tile(@Req() request: { url: string }, @Res() reply: Reply) {
    const path = request.url.split('?', 1)[0]!.slice(1);
    const address = parseTilePath(path);
    const bytes = found(address && await this.#audit.published.tile(address), path);
    return reply.header('content-type', 'application/octet-stream').header('cache-control', 'public, max-age=31536000, immutable').send(bytes);
  }

  @Get('proof/inclusion/:index')
  @Header('content-type', 'text/plain; charset=utf-8')
  async proof(@Param('index') index: string) {
    return found(await this.#audit.published.proof(indexOf(index)), `proof of entry ${index}`);
  }

  @Get('entries')
  async entries(@Query('run') run?: string, @Query('action') action?: string) {
    const entries = await this.#audit.published.find({ run: idOf(run), action: idOf(action) }, 1000);
    return { entries: entries.map(({ index, leaf }) => ({ index, leaf: JSON.parse(leaf.toString()) as unknown })) };
  }
}
