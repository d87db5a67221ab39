import { Controller, Get, Header, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { CodedError } from '@countersign/service-host';
import { hashesPerTile, parseTilePath } from '@countersign/tamper-log';
import type { Audit } from '../compose.ts';
import { AUDIT } from './records.consumer.ts';

/** Why whoever runs this log could rewrite it unnoticed; empty where keys, last checkpoint and witnesses are apart. */
export const TOGETHER = Symbol('Together');

interface Reply { header(name: string, value: string): Reply; send(body: unknown): unknown }

/**
 * How long a copy may stand for the answer. A full tile never changes. Nor does what a partial one says, but it is superseded soon. A checkpoint is old
 * within seconds. That something is not there yet must not be remembered at all: it may be there a moment later.
 */
const cacheControl = { 'for ever': 'public, max-age=31536000, immutable', 'an hour': 'public, max-age=3600', moments: 'public, max-age=1', never: 'no-store' } as const;
const caching = (reply: Reply, how: keyof typeof cacheControl): Reply => reply.header('cache-control', cacheControl[how]);

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
  async checkpoint(@Res() reply: Reply) {
    const note = await this.#audit.published.checkpoint();
    return caching(reply, note === undefined ? 'never' : 'moments').header('content-type', 'text/plain; charset=utf-8').send(found(note, 'checkpoint'));
  }

  @Get('verifier-key')
  @Header('content-type', 'text/plain; charset=utf-8')
  verifierKey() {
    return `${this.#audit.verifierKey}\n`;
  }

  @Get('witness-policy')
  @Header('content-type', 'text/plain; charset=utf-8')
  witnessPolicy() {
    return this.#audit.witnessPolicy;
  }

  @Get('tile/*')
  async tile(@Req() request: { url: string }, @Res() reply: Reply) {
    const path = request.url.split('?', 1)[0]!.slice(1);
    const address = parseTilePath(path);
    const bytes = address && await this.#audit.published.tile(address);
    caching(reply, bytes === undefined ? 'never' : address!.width === hashesPerTile ? 'for ever' : 'an hour');
    return reply.header('content-type', 'application/octet-stream').send(found(bytes, path));
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
