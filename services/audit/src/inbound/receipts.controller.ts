import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import type { Receipt } from '@countersign/contracts';
import { verifyAgentToken, verifySessionProof } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { authenticatePerson, CodedError, PERSON_DIRECTORY } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Audit } from '../compose.ts';
import { readReceipt } from '../views/receipts.ts';
import { questionOf } from './question.ts';
import { readers } from './questions.controller.ts';
import { AUDIT } from './records.consumer.ts';

/** Nest token: keys of the services, for agent tokens. */
export const SERVICE_KEYS = Symbol('ServiceKeys');

/** Receipts for those who may read the record, and for the runtime whose action it was: its agent token, with a proof that it holds the session. */
@Controller('receipts')
export class ReceiptsController {
  readonly #audit: Audit;
  readonly #people: PersonDirectory;
  readonly #keys: KeySet;
  constructor(@Inject(AUDIT) audit: Audit, @Inject(PERSON_DIRECTORY) people: PersonDirectory, @Inject(SERVICE_KEYS) keys: KeySet) {
    this.#audit = audit;
    this.#people = people;
    this.#keys = keys;
  }

  @Get(':run/:action')
  async receipt(@Param('run') run: string, @Param('action') action: string, @Query('round') round: string | undefined, @Headers() headers: Readonly<Record<string, string | undefined>>): Promise<Receipt> {
    questionOf({ run, action });
    if (round !== undefined && !/^[1-9]\d{0,4}$/.test(round)) throw new CodedError('invalid_request', 'round is a whole number from 1');
    await this.#admit(headers, run, action);
    const receipt = await readReceipt(this.#audit.published, run, action, round === undefined ? undefined : Number(round));
    if (receipt === undefined) throw new CodedError('not_found', 'no decision about this action is under a published checkpoint yet, or its words are erased', { status: 404 });
    return receipt;
  }

  async #admit(headers: Readonly<Record<string, string | undefined>>, run: string, action: string): Promise<void> {
    const proof = headers['cs-session-proof'];
    if (proof === undefined) {
      const { roles } = await authenticatePerson(headers['authorization'], this.#people);
      if (!readers.some((role) => roles.includes(role))) throw new CodedError('forbidden', `this needs one of the roles ${readers.join(', ')}`, { status: 403 });
      return;
    }
    const now = this.#people.now();
    const refuse = (why: string): never => { throw new CodedError('unauthenticated', why, { status: 401 }); };
    const token = verifyAgentToken(/^Bearer (\S+)$/.exec(headers['authorization'] ?? '')?.[1] ?? '', this.#keys, { now, audience: 'countersign' });
    if (!token.ok) return refuse(`${token.code}: ${token.detail}`);
    const { run: own, cnf } = token.claims;
    const held = verifySessionProof(proof, { grant: action, audience: 'audit', jkt: cnf.jkt, now });
    if (!held.ok) return refuse(`${held.code}: ${held.detail}`);
    if (own !== run) throw new CodedError('forbidden', 'the token is bound to another run', { status: 403 });
  }
}
