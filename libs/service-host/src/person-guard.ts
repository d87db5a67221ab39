import { createParamDecorator, Inject, SetMetadata } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { peekJws, verifyPersonStatement, verifyRelay } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { CodedError } from './errors.ts';
import type { UsedStatements } from './used-statements.ts';

/** Who people are, as the service knows it (registry: its own state; others: the snapshot registry.people.v1). */
export interface PersonDirectory {
  /** Name of this service: the `aud` of a login statement. */
  readonly audience: string;
  /** @param asHeardLast who it was when people were last heard of counts, though that may be over: for what only stops something */
  person(id: string, asHeardLast?: boolean): { readonly roles: readonly string[]; readonly rolesSince?: Readonly<Record<string, number>> | undefined; readonly status: 'active' | 'gone'; readonly keys: KeySet } | undefined;
  /** Who people are may have changed unheard: nobody is authenticated, and whoever asks again later may be. Absent: never. */
  readonly isStale?: () => boolean;
  readonly now: () => number;
  /** Keys of the services; where they are given, the gateway may read for somebody it has authenticated. */
  readonly relays?: KeySet;
  /** A statement counts once (used-statements.ts). */
  readonly useOnce: UsedStatements['useOnce'];
}

export interface AuthenticatedPerson { readonly person: string; readonly roles: readonly string[] }

/** Nest token of the PersonDirectory. */
export const PERSON_DIRECTORY = Symbol('PersonDirectory');
const rolesKey = 'countersign:roles';
const stopsKey = 'countersign:only-stops';

/** Longest life of a login statement, seconds. */
export const maxLoginLifeS = 300;

/** `@Roles('operator')`: the person needs one of them. Without it any active person passes. */
export const Roles = (...roles: string[]): MethodDecorator & ClassDecorator => SetMetadata(rolesKey, roles);

/**
 * `@OnlyStops()`: for halts. It works by what this process knows while news of people does not come (the bus is away: who it was when they were last heard of
 * counts), and while the store of used statements is away (this process remembers by itself then).
 */
export const OnlyStops = (): MethodDecorator => SetMetadata(stopsKey, true);

/** `@Person() person: AuthenticatedPerson` behind `@UseGuards(PersonGuard)`. */
export const Person = createParamDecorator((_: unknown, context: ExecutionContext): AuthenticatedPerson => {
  const { person } = context.switchToHttp().getRequest<{ person?: AuthenticatedPerson }>();
  if (person === undefined) throw new Error('@Person() needs @UseGuards(PersonGuard)');
  return person;
});

/** Checks `Authorization: Bearer <login statement>`, a JWS by the person's own key (identity: signPersonStatement 'login'). Plain function, so that it can be tested and used without Nest. */
export const authenticatePerson = async (header: string | undefined, directory: PersonDirectory, method = 'POST', stops = false): Promise<AuthenticatedPerson> => {
  const unheard = directory.isStale?.() === true;
  const askAgain = (): CodedError => new CodedError('stale_snapshot', 'this service does not know at this moment who is enrolled: ask again', { status: 503 });
  if (unheard && !stops) throw askAgain();
  if (header?.startsWith('Relay ') === true) return relayed(header.slice('Relay '.length), directory, method);
  const jws = /^Bearer ([A-Za-z0-9_.-]+)$/.exec(header ?? '')?.[1];
  const unauthenticated = (detail: string): CodedError => new CodedError('unauthenticated', detail, { status: 401 });
  if (jws === undefined) throw unauthenticated('send Authorization: Bearer with a login statement signed by your key');
  const id = peekJws(jws)?.['sub'];
  const known = typeof id === 'string' ? directory.person(id, stops) : undefined;
  if (known === undefined && unheard) throw askAgain();
  if (typeof id !== 'string' || known?.status !== 'active') throw unauthenticated('the statement is not by a person who is enrolled here');
  const now = directory.now();
  const checked = verifyPersonStatement('login', jws, known.keys, { now, person: id, audience: directory.audience });
  if (!checked.ok) throw unauthenticated(`${checked.code}: ${checked.detail}`);
  const { exp, iat, jti } = checked.statement;
  if (exp - iat > maxLoginLifeS) throw unauthenticated(`a login statement lives at most ${maxLoginLifeS} s`);
  if (!await directory.useOnce({ person: id, jti, issuedAt: iat * 1_000, expiresAt: exp * 1_000 }, stops)) throw unauthenticated('this statement was used before: sign a new one for each request');
  return { person: id, roles: known.roles };
};

/** The gateway shows a person its pages: it reads what they may read, by its own signature, and can do nothing in their name. */
const relayed = (jws: string, directory: PersonDirectory, method: string): AuthenticatedPerson => {
  const refused = (detail: string): CodedError => new CodedError('unauthenticated', detail, { status: 401 });
  if (directory.relays === undefined || method !== 'GET') throw refused('nothing is done here on the word of a gateway: sign it yourself');
  const checked = verifyRelay(jws, directory.relays, { now: directory.now(), audience: directory.audience });
  if (!checked.ok) throw refused(`${checked.code}: ${checked.detail}`);
  const known = directory.person(checked.person);
  if (known?.status !== 'active') throw refused('the statement is not about a person who is enrolled here');
  return { person: checked.person, roles: known.roles };
};

/** `@UseGuards(PersonGuard)`. */
export class PersonGuard implements CanActivate {
  readonly #directory: PersonDirectory;
  readonly #reflector: Reflector;
  constructor(@Inject(PERSON_DIRECTORY) directory: PersonDirectory, @Inject(Reflector) reflector: Reflector) {
    this.#directory = directory;
    this.#reflector = reflector;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<{ method: string; headers: { authorization?: string }; person?: AuthenticatedPerson }>();
    const person = await authenticatePerson(request.headers.authorization, this.#directory, request.method, this.#reflector.get<boolean | undefined>(stopsKey, context.getHandler()) === true);
    const needed = this.#reflector.getAllAndOverride<string[] | undefined>(rolesKey, [context.getHandler(), context.getClass()]);
    if (needed && !needed.some((role) => person.roles.includes(role))) throw new CodedError('forbidden', `this needs one of the roles ${needed.join(', ')}`, { status: 403 });
    request.person = person;
    return true;
  }
}
