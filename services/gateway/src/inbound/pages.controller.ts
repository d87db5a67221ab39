import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { validateCastVoteRequest, validateEditApprovalRequest, validateEnrolPersonRequest, validatePageHaltRequest, validateSignedStatementRequest } from '@countersign/contracts';
import type { CastVoteRequest, EditApprovalRequest, EnrolPersonRequest, PageHaltRequest, SignedStatementRequest } from '@countersign/contracts';
import { authenticatePerson, CodedError, PERSON_DIRECTORY, validated } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Gateway } from '../compose.ts';
import { approvalPage } from '../views/pages/approval.ts';
import { inboxPage, waiting } from '../views/pages/inbox.ts';
import { runPage, runsPage, withWaiting } from '../views/pages/runs.ts';
import { problemPage, signInPage } from '../views/pages/sign-in.ts';
import { GATEWAY } from './runs.controller.ts';

/** The answer under Fastify, as far as pages need it. */
interface PageReply { code(status: number): PageReply; header(name: string, value: string): PageReply; type(type: string): PageReply; send(body?: unknown): unknown }

const asset = (name: string): string => readFileSync(new URL(`../views/pages/${name}`, import.meta.url), 'utf8');
const assets: Readonly<Record<string, readonly [type: string, text: string]>> = { 'page.js': ['text/javascript; charset=utf-8', asset('page.js')], 'page.css': ['text/css; charset=utf-8', asset('page.css')] };

/** Nothing but our own script and style, from our own address; no frame around it; no string becomes script. */
const secured = (reply: PageReply): PageReply => reply
  .header('content-security-policy', "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
  .header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer').header('cross-origin-opener-policy', 'same-origin').header('cross-origin-resource-policy', 'same-origin').header('cache-control', 'no-store');

const idShape = /^[\w.:~-]{1,128}$/;

/** Pages for people: what waits, with its evidence and the vote, runs, and the halt. Whatever is decided there is signed in the browser. */
@Controller('ui')
export class PagesController {
  readonly #gateway: Gateway;
  readonly #people: PersonDirectory;
  constructor(@Inject(GATEWAY) gateway: Gateway, @Inject(PERSON_DIRECTORY) people: PersonDirectory) {
    this.#gateway = gateway;
    this.#people = people;
  }

  #who(cookie: string | undefined): string | undefined {
    const person = this.#gateway.sessions.find(this.#secret(cookie));
    return person !== undefined && this.#people.person(person)?.status === 'active' ? person : undefined;
  }
  #secret(cookie: string | undefined): string | undefined { return /(?:^|;\s*)countersign=([A-Za-z0-9_-]{43})(?:;|$)/.exec(cookie ?? '')?.[1]; }
  #cookie(secret: string, lifeS: number): string { return `countersign=${secret}; Path=/ui; HttpOnly; SameSite=Strict; Max-Age=${lifeS}${this.#gateway.publicUrl.startsWith('https:') ? '; Secure' : ''}`; }

  /** Shows a page to who is logged in; anybody else logs in first and comes back. */
  async #show(reply: PageReply, cookie: string | undefined, path: string, make: (person: string) => Promise<string>) {
    const person = this.#who(cookie);
    if (person === undefined) return secured(reply).code(303).header('location', `/ui/login?next=${encodeURIComponent(path)}`).send();
    try {
      return secured(reply).type('text/html; charset=utf-8').send(await make(person));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return secured(reply).code(error.status ?? 400).type('text/html; charset=utf-8').send(problemPage('That did not work', `${error.code}: ${error.message}`, person));
    }
  }

  @Get()
  inbox(@Query('after') after: string | undefined, @Headers('cookie') cookie: string | undefined, @Res() reply: PageReply) {
    return this.#show(reply, cookie, '/ui', async (person) => inboxPage(person, await this.#gateway.desk.inbox(person, after), { titleOf: this.#gateway.titleOf, now: this.#gateway.now(), first: after === undefined }));
  }

  @Get('waiting')
  async waiting(@Headers('cookie') cookie: string | undefined) {
    return { waiting: waiting((await this.#gateway.desk.inbox(this.#needed(cookie))).approvals) };
  }

  @Get('approvals/:approval')
  approval(@Param('approval') approval: string, @Query('for') link: string | undefined, @Headers('cookie') cookie: string | undefined, @Res() reply: PageReply) {
    const made = link === undefined ? undefined : this.#gateway.linkOf(link);
    if (made !== undefined && (!made.ok || made.approval !== approval)) return secured(reply).code(403).type('text/html; charset=utf-8').send(problemPage('This link is not ours', 'It was changed on its way, has expired, or is for something else. Open what waits for people instead.', null));
    return this.#show(reply, cookie, `/ui/approvals/${named(approval)}`, async (person) => {
      if (made !== undefined && made.person !== person) throw new CodedError('forbidden', `this link was made for ${made.person}: open what waits for people instead`, { status: 403 });
      const one = await this.#gateway.desk.approval(person, approval);
      return approvalPage(person, one, { genuine: this.#gateway.genuine(one), title: this.#gateway.titleOf(one.tool), now: this.#gateway.now() });
    });
  }

  @Get('approvals/:approval/standing')
  async standing(@Param('approval') approval: string, @Headers('cookie') cookie: string | undefined) {
    const { status, votes } = await this.#gateway.desk.approval(this.#needed(cookie), named(approval));
    return { status, votes: votes.length };
  }

  @Get('runs')
  runs(@Headers('cookie') cookie: string | undefined, @Res() reply: PageReply) {
    return this.#show(reply, cookie, '/ui/runs', async (person) => runsPage(person, await this.#gateway.desk.runs(person)));
  }

  @Get('runs/:run')
  run(@Param('run') run: string, @Headers('cookie') cookie: string | undefined, @Res() reply: PageReply) {
    return this.#show(reply, cookie, `/ui/runs/${named(run)}`, async (person) => runPage(person, withWaiting(await this.#gateway.desk.run(person, run), await this.#gateway.desk.waitingIn(person, run))));
  }

  @Get('login')
  login(@Query('next') next: string | undefined, @Res() reply: PageReply) {
    return secured(reply).type('text/html; charset=utf-8').send(signInPage(next !== undefined && /^\/ui(\/[\w.:~/-]{0,200})?$/.test(next) ? next : '/ui'));
  }

  @Get('assets/:name')
  assets(@Param('name') name: string, @Res() reply: PageReply) {
    const found = Object.hasOwn(assets, name) ? assets[name] : undefined;
    if (found === undefined) throw new CodedError('not_found', 'there is no such file', { status: 404 });
    return secured(reply).type(found[0]).send(found[1]);
  }

  /** A login statement, used once, opens a session of this browser. */
  @Post('session')
  async open(@Body(validated(validateCastVoteRequest)) { jws }: CastVoteRequest, @Res() reply: PageReply) {
    const { person } = await authenticatePerson(`Bearer ${jws}`, this.#people);
    return secured(reply).code(200).header('set-cookie', this.#cookie(this.#gateway.sessions.open(person), 8 * 3_600)).send({ person });
  }

  @Post('session/end')
  end(@Headers('cookie') cookie: string | undefined, @Res() reply: PageReply) {
    this.#gateway.sessions.close(this.#secret(cookie));
    return secured(reply).code(200).header('set-cookie', this.#cookie('', 0)).send({ ended: true });
  }

  @Post('enrol')
  @HttpCode(200)
  enrol(@Body(validated(validateEnrolPersonRequest)) body: EnrolPersonRequest) {
    return this.#gateway.desk.enrol(body);
  }

  @Post('approvals/:approval/votes')
  @HttpCode(200)
  async vote(@Param('approval') approval: string, @Headers('cookie') cookie: string | undefined, @Body(validated(validateCastVoteRequest)) { jws }: CastVoteRequest) {
    this.#needed(cookie);
    const { status, resolution } = await this.#gateway.desk.vote(named(approval), jws);
    return { status, resolution };
  }

  @Post('approvals/:approval/edits')
  @HttpCode(200)
  async edit(@Param('approval') approval: string, @Headers('cookie') cookie: string | undefined, @Body(validated(validateEditApprovalRequest)) body: EditApprovalRequest) {
    this.#needed(cookie);
    const { status, resolution } = await this.#gateway.desk.edit(named(approval), body);
    return { status, resolution };
  }

  @Post('pre-approvals')
  @HttpCode(200)
  async preApprove(@Headers('cookie') cookie: string | undefined, @Body(validated(validateSignedStatementRequest)) { jws }: SignedStatementRequest) {
    this.#needed(cookie);
    const { preApproval } = await this.#gateway.desk.preApprove(jws);
    return { preApproval };
  }

  @Post('approvals/:approval/questions')
  @HttpCode(200)
  async ask(@Param('approval') approval: string, @Headers('cookie') cookie: string | undefined, @Body(validated(validateCastVoteRequest)) { jws }: CastVoteRequest) {
    this.#needed(cookie);
    const { questions } = await this.#gateway.desk.ask(named(approval), jws);
    return { questions: questions?.length ?? 0 };
  }

  @Post('halts')
  @HttpCode(200)
  halt(@Headers('cookie') cookie: string | undefined, @Body(validated(validatePageHaltRequest)) { login, body }: PageHaltRequest) {
    this.#needed(cookie);
    return this.#gateway.desk.halt(login, body);
  }

  #needed(cookie: string | undefined): string {
    const person = this.#who(cookie);
    if (person === undefined) throw new CodedError('unauthenticated', 'log in first', { status: 401 });
    return person;
  }
}

/** An id out of a path: what goes on into another service's path. */
const named = (id: string): string => {
  if (!idShape.test(id)) throw new CodedError('not_found', 'there is no such thing', { status: 404 });
  return id;
};
