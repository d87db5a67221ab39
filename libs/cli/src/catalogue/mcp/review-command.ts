import { readFile, writeFile } from 'node:fs/promises';
import type { PutToolRequest, ToolSnapshot } from '@countersign/contracts';
import { validatePutToolRequest } from '@countersign/contracts';
import { argumentsDigest, signPersonStatement } from '@countersign/identity';
import { compileTool } from '@countersign/policy/core/rules/compile';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { readDocument } from '../../document/document.ts';
import { toolDeclaration } from '../../document/kinds.ts';
import { CannotRun } from '../../errors.ts';
import { Refused } from '../../people/client.ts';
import { personCommand } from '../../people/command.ts';
import { id, inert, inertLine } from '../../people/inert.ts';
import { now, reviewers, tenant } from '../../policy/lifecycle.ts';
import { usageAbout } from '../../usage-about.ts';
import { toolsUsage } from '../usage.ts';
import { closeSchema } from './close-schema.ts';
import { diffLines, sourceDifferences } from './diff.ts';
import { catalogueNow } from './import-command.ts';
import type { Source } from './offer.ts';
import type { Declaration } from './plan.ts';

const needed = ['consequential', 'reversible', 'compensator', 'dataClasses', 'resultTrust', 'enforcement', 'facts'] as const;
const also = ['tests', 'resultFields', 'audience', 'title'] as const;

/** The tool as a person says it is, over the definition that its source gives now. Nothing that must be said is taken from the source. */
export const reviewed = ({ tool, system, title, audience, source, resultFields }: ToolSnapshot, said: Readonly<Record<string, unknown>>): Declaration => {
  if (source === undefined) throw new CannotRun(`${tool} was declared by a person, not imported: there is no source to review it against. PUT /tools/${tool} of the registry changes it (contracts/http/registry.openapi.yaml).`);
  const missing = needed.filter((name) => !Object.hasOwn(said, name)), strange = Object.keys(said).filter((name) => ![...needed, ...also].includes(name as never));
  if (missing.length > 0 || strange.length > 0) throw new CannotRun(`The declaration ${missing.length > 0 ? `does not say ${missing.join(', ')}` : `says ${strange.map((one) => inert(one, 40)).join(', ')}, which is not asked`}.`);
  const now = source.status === 'changed' ? source.offered ?? null : { digest: source.digest, definition: source.definition };
  if (now === null) throw new CannotRun(`The server no longer has ${tool}: there is nothing to review.`);
  const schema = closeSchema(now.definition.inputSchema);
  if (!schema.ok) throw new CannotRun(`Its argument schema stays open: ${inertLine(schema.why)}.`);
  const { name, server } = source;
  const next: Source = { server, name, status: 'reviewed', digest: now.digest, definition: now.definition };
  const declared = { system, title, audience, resultFields, ...(said as object), schema: schema.schema, source: next } as PutToolRequest;
  if (!validatePutToolRequest(declared)) throw new CannotRun(`The declaration does not fit: ${validatePutToolRequest.errors?.[0]?.instancePath} ${validatePutToolRequest.errors?.[0]?.message}`);
  return { tool, ...declared };
};

/** Arguments that the compensator must have and that nothing about the call it reverses yields. */
export const compensatorGaps = ({ schema, resultFields }: Declaration, compensator: ToolSnapshot | undefined): readonly string[] => {
  const given = new Set([...Object.keys(schema['properties'] ?? {}), ...Object.keys(resultFields).flatMap((path) => path.split(/[.[\]]+/))]);
  const required = compensator?.schema['required'];
  return (Array.isArray(required) ? required : []).filter((one): one is string => typeof one === 'string' && !given.has(one));
};

/** Compiles schema and extractors as policy does, and runs the tests; what fails there would be no tool at all. */
const compiles = (declared: Declaration): void => {
  try {
    checkArguments(declared.schema);
    compileTool({ ...declared, tenant, version: 1, definition: '' });
  } catch (error) {
    throw new Refused('invalid_request', `${declared.tool} would not compile, nothing was changed: ${inertLine((error as Error).message)}`, 422, false);
  }
};

export const reviewTool = personCommand(toolsUsage, { declaration: { type: 'string' }, reason: { type: 'string' }, sign: { type: 'string' }, review: { type: 'string' } }, async (session) => {
  const [name, ...more] = session.positionals;
  if (name === undefined || more.length > 0) throw new CannotRun(`Say which tool.\nUsage: ${toolsUsage}`);
  const reason = session.needed('reason').slice(0, 512);
  const read = (file: string): Promise<string> => readFile(file, 'utf8').catch((error: Error) => { throw new CannotRun(error.message); });
  const said = readDocument<Readonly<Record<string, unknown>>>(session.needed('declaration'), toolDeclaration, 'countersign tools review');
  const signs = session.values['sign'];
  const actor = session.as(typeof signs === 'string' ? reviewers : ['operator']);
  const catalogue = await catalogueNow(actor.client);
  const known = catalogue.get(name);
  if (known === undefined) throw new CannotRun(`There is no tool ${inert(name, 128)} in the catalogue: countersign tools list.`);
  const declared = reviewed(known, said);
  compiles(declared);
  const gaps = compensatorGaps(declared, catalogue.get(declared.compensator ?? ''));
  const lines = [...(gaps.length === 0 ? [] : [`! ${id(declared.compensator)} needs ${gaps.map(id).join(', ')}, which neither arguments nor result fields of ${id(name)} name`]), `${id(name)}, as its source says it:`, ...diffLines(known.source!).map((line) => `  ${line}`)];
  const definition = argumentsDigest(declared);
  if (typeof signs === 'string') {
    const jws = signPersonStatement('tool-review', { sub: actor.person, tenant, tool: name, definition, replaces: known.definition, reason, iat: now() }, actor.key);
    await writeFile(signs, `${jws}\n`, { mode: 0o600 });
    return session.show({ tool: name, definition, replaces: known.definition, signed: signs }, [...lines, `${actor.person} signed it: ${signs}`]);
  }
  const review = typeof session.values['review'] === 'string' ? (await read(session.values['review'])).trim() : undefined;
  const { tool: _tool, ...body } = declared;
  const put = await actor.client.request<ToolSnapshot>('registry', 'PUT', `/tools/${encodeURIComponent(name)}`, { ...body, ...(review !== undefined && { review }) });
  return session.show(put, [...lines, `${id(name)} is in scope: ${put.consequential ? 'changes something' : 'reads'}, ${put.reversible ? 'can be reversed' : 'cannot be reversed'}, version ${put.version}`]);
});

/** `countersign tools diff`: what waits for a review, or one tool. */
export const diffTools = personCommand(toolsUsage, {}, async (session) => {
  const [name, ...more] = session.positionals;
  if (more.length > 0) throw new CannotRun(`Usage: ${toolsUsage}`);
  const all = await catalogueNow(session.as([]).client);
  if (name !== undefined && all.get(name)?.source === undefined) throw new CannotRun(`There is no imported tool ${inert(name, 128)} in the catalogue: countersign tools list.`);
  const shown = [...all.values()].flatMap(({ tool, source }) => (source !== undefined && (name === undefined ? source.status !== 'reviewed' : tool === name) ? [{ tool, source }] : []));
  session.show({ tools: shown.map(({ tool, source }) => ({ tool, status: source.status, claims: source.definition.annotations, differences: sourceDifferences(source) })) },
    shown.length === 0 ? ['No imported tool waits for a review. countersign tools import brings some in; countersign tools check sees whether their sources have changed.'] : shown.flatMap(({ tool, source }) => [`${id(tool)} (${source.status})`, ...diffLines(source).map((line) => `  ${line}`)]));
});

const scopeOf = ({ source }: ToolSnapshot): string => (source === undefined || source.status === 'reviewed' ? '' : `  OUT OF SCOPE until it is reviewed (${source.status}): countersign tools diff TOOL`);

/** `countersign tools list`: the catalogue. */
export const listTools = personCommand(toolsUsage, {}, async (session) => {
  if (session.positionals.length > 0) throw new CannotRun(`Usage: ${usageAbout(toolsUsage, 'list')}`);
  const all = [...(await catalogueNow(session.as([]).client)).values()];
  session.show({ tools: all }, all.length === 0 ? ['No tool is in the catalogue. countersign tools import brings some in.'] : all.map((one) =>
    `${id(one.tool).padEnd(32)} ${one.consequential ? `changes something, ${one.reversible ? `taken back by ${id(one.compensator ?? 'nothing')}` : 'for good'}` : 'reads'}, ${one.enforcement}  ${inert(one.title, 80)}${scopeOf(one)}`));
});
