import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateKey, loadKeyFile } from '@countersign/identity';
import type { AgentReviewList, AgentSnapshot, PublicJwk, RegisterAgentRequest, TemplateDefinition } from '@countersign/contracts';
import { readDocument } from '../document/document.ts';
import { documents } from '../document/kinds.ts';
import { CannotRun } from '../errors.ts';
import { raciOf } from '../people/activate.ts';
import { Refused } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import type { Session } from '../people/command.ts';
import { id } from '../people/inert.ts';
import { localPeople } from '../people/local-people.ts';
import { nextStep } from '../people/next-step.ts';

const text = ({ values }: Session, name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
const listed = (given: string): readonly string[] => (given === 'none' ? [] : given.split(',').map((one) => one.trim()).filter((one) => one !== ''));

/** What the options say of an agent; what is not said is not there. */
const said = (session: Session): Partial<RegisterAgentRequest> => {
  const one = <K extends string>(name: string, member: K): { readonly [N in K]?: string } => { const given = text(session, name); return given === undefined ? {} : { [member]: given } as never; };
  const many = <K extends string>(name: string, member: K): { readonly [N in K]?: string[] } => { const given = text(session, name); return given === undefined ? {} : { [member]: listed(given) } as never; };
  const category = text(session, 'eu-ai-act'), accountable = text(session, 'accountable');
  if (category !== undefined && !['minimal', 'limited', 'high'].includes(category)) throw new CannotRun(`--eu-ai-act is minimal, limited or high, not "${category}".`);
  return {
    ...one('name', 'name'), ...one('purpose', 'purpose'), ...one('owner', 'owner'), ...one('model', 'model'), ...one('prompt-version', 'promptVersion'), ...one('peer-group', 'peerGroup'), ...one('baseline-plan', 'baselinePlan'), ...many('affects', 'affects'), ...many('decides-on', 'decidesOnPersons'),
    ...(category !== undefined && { euAiAct: { category: category as 'minimal', annexIII: null } }), ...(accountable !== undefined && { raci: raciOf(accountable) }),
  };
};

/** Registers with the key of --key-file, which is made where there is none: never over another one, and kept before the agent exists. */
const withKey = async (session: Session, agent: string, send: (key: PublicJwk) => Promise<AgentSnapshot>): Promise<{ readonly registered: AgentSnapshot; readonly file: string }> => {
  const file = text(session, 'key-file') ?? join(session.local.dir, 'agents', `${agent.replaceAll(/[^\w.-]/g, '-')}.key.json`);
  const there = existsSync(file);
  const key = there ? keyIn(file) : generateKey(`${agent.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 60)}-1`);
  if (!there) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(key.privateJwk), { mode: 0o600, flag: 'wx' });
  }
  const { kty, crv, x, kid } = key.publicJwk;
  const registered = await send({ kty, crv, x, kid }).catch((error: unknown) => {
    // Refused: the key is nobody's, and the next attempt makes another.
    if (!there && error instanceof Refused && !error.retryable) rmSync(file);
    throw error;
  });
  return { registered, file };
};
const keyIn = (file: string) => {
  try { return loadKeyFile(file); } catch (error) { throw new CannotRun(`${file} is there and is no key of an agent (${(error as Error).message}): name another --key-file.`); }
};
const show = (session: Session, how: string, { registered, file }: { readonly registered: AgentSnapshot; readonly file: string }): void =>
  session.show(registered, [`${id(registered.agent)} is a draft${how}; its key lies in ${file}.`, ...nextStep(registered)]);

/** A team registers its own by what its role may give; an operator may give anything. */
const registrar = (session: Session): Client => session.as(localPeople(session.local.dir).some(({ roles }) => roles.includes('operator')) ? ['operator'] : []).client;
const fromTemplate = (client: Client, template: string, body: object) => (key: PublicJwk): Promise<AgentSnapshot> => client.request('registry', 'POST', `/templates/${encodeURIComponent(template)}/agents`, { ...body, key });

/** `agent new`: a draft out of a template. */
export const made = async (session: Session, agent: string): Promise<void> => {
  const template = session.needed('template');
  const body = { agent, name: session.needed('name'), purpose: session.needed('purpose'), ...said(session) };
  const client = registrar(session);
  const { templates } = await client.request<{ readonly templates: readonly { readonly template: string; readonly definition: TemplateDefinition }[] }>('registry', 'GET', '/templates');
  const found = templates.find((one) => one.template === template);
  if (found === undefined) throw new CannotRun(`There is no template ${id(template)}. ${templates.length === 0 ? 'None is declared: countersign template put --help, or countersign template demo.' : `There are: ${templates.map((one) => id(one.template)).join(', ')}.`}`);
  const lacking = found.definition.fields.filter((field) => body[field as keyof typeof body] === undefined);
  if (lacking.length > 0) throw new CannotRun(`The template ${id(template)} asks for ${lacking.map((field) => `--${field}`).join(', ')}.`);
  show(session, ` out of ${id(template)}`, await withKey(session, agent, fromTemplate(client, template, body)));
};

/** `agent register`: a draft out of a file. */
export const registeredFrom = async (session: Session, agent: string): Promise<void> => {
  const written = readDocument<object>(session.needed('file'), documents.registration, 'countersign agent register');
  const client = registrar(session);
  show(session, '', await withKey(session, agent, (key) => reviewedFirst(client, agent, () => client.request('registry', 'POST', '/agents', { ...written, agent, key }))));
};

/** `agent complete`: what a draft lacks; the rest stays as it is. */
export const completed = async (session: Session, agent: string): Promise<void> => {
  const client = registrar(session);
  const before = await client.request<AgentSnapshot>('registry', 'GET', `/agents/${encodeURIComponent(agent)}`);
  if (before.status !== 'draft') throw new CannotRun(`${id(agent)} is ${before.status}: what it may do is changed by countersign change file agent ${id(agent)} --after FILE --reason TEXT.`);
  const { name, owner, purpose, model, promptVersion, euAiAct, affects, decidesOnPersons, peerGroup, baselinePlan, raci, template, origin } = before;
  const stays = { agent, name, purpose, ...(model !== null && { model }), ...present({ promptVersion, euAiAct, affects, decidesOnPersons, peerGroup, baselinePlan, raci }), ...(owner !== 'unowned' && { owner }), ...said(session) };
  const permissions = text(session, 'permissions');
  if (template !== undefined) {
    if (permissions !== undefined) throw new CannotRun(`${id(agent)} comes out of the template ${id(template)}, whose roles say what it may do.`);
    return show(session, ` out of ${id(template)}`, await withKey(session, agent, (key) => reviewedFirst(client, agent, () => fromTemplate(client, template, stays)(key))));
  }
  if (origin === undefined) throw new CannotRun(`${id(agent)} was registered out of a file: mend that file, then countersign agent register ${id(agent)} --file FILE.`);
  if (stays.owner === undefined) throw new CannotRun(`Nobody owns ${id(agent)}: say who will, with --owner PERSON.`);
  const { roles, ceiling, environment, limits } = before;
  const body = { ...stays, roles, permissions: permissions === undefined ? before.permissions : listed(permissions), ceiling: ceiling === 2 ? 2 : 1, environment, limits };
  show(session, '', await withKey(session, agent, (key) => reviewedFirst(client, agent, () => client.request('registry', 'POST', '/agents', { ...body, key }))));
};

/** A draft that has a key is mended once a review has found what it lacks: where there was none yet, it is made now. */
const reviewedFirst = async (client: Client, agent: string, send: () => Promise<AgentSnapshot>): Promise<AgentSnapshot> => {
  try { return await send(); } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'conflict') throw error;
    const { reviews } = await client.request<AgentReviewList>('registry', 'POST', '/agents/reviews', { agents: [agent] }).catch(() => { throw error; });
    if (reviews[0]?.passed !== false) throw error;
    return send();
  }
};

const present = <T extends object>(of: T): Partial<T> => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Partial<T>;
