import type { ToolList, ToolSnapshot } from '@countersign/contracts';
import { validatePutToolRequest } from '@countersign/contracts';
import { CannotRun } from '../../errors.ts';
import { Refused } from '../../people/client.ts';
import { personCommand } from '../../people/command.ts';
import type { Session } from '../../people/command.ts';
import { id, inert, inertLine } from '../../people/inert.ts';
import { toolsUsage } from '../usage.ts';
import { listTools } from './connect.ts';
import { offerOf } from './offer.ts';
import { importPlan } from './plan.ts';
import type { Declaration, Step } from './plan.ts';

const options = { mcp: { type: 'string' }, system: { type: 'string' }, 'dry-run': { type: 'boolean' } } as const;
/** Of one request's body, below what the registry takes. */
const mostBytes = 200_000;

export const catalogueNow = async (client: ReturnType<Session['as']>['client']): Promise<ReadonlyMap<string, ToolSnapshot>> =>
  new Map((await client.request<ToolList>('registry', 'GET', '/tools')).tools.map((tool) => [tool.tool, tool]));

const batches = (tools: readonly Declaration[]): Declaration[][] => {
  const out: Declaration[][] = [];
  let bytes = Infinity;
  for (const tool of tools) {
    const size = JSON.stringify(tool).length + 1;
    if (bytes + size > mostBytes) { out.push([]); bytes = 0; }
    out.at(-1)!.push(tool);
    bytes += size;
  }
  return out;
};

const said: Readonly<Record<Step['what'], string>> = {
  new: 'imported as a draft: out of scope until reviewed', redrafted: 'draft replaced by what its source says now', changed: 'CHANGED at its source: out of scope until reviewed', gone: 'GONE at its source: out of scope',
  unchanged: 'as before', kept: 'left alone', refused: 'refused',
};
const systemName = /^[a-z][a-z0-9_-]{0,26}$/;

/** Asks the server, compares, and puts what follows; `adds`: tools that are not in the catalogue become drafts. */
const bring = (adds: boolean) => personCommand(toolsUsage, options, async (session) => {
  if (session.positionals.length > 0) throw new CannotRun(`Usage: ${toolsUsage}`);
  const system = session.needed('system');
  if (!systemName.test(system)) throw new CannotRun('--system is a name of lower-case letters, digits, _ and -, at most 27.');
  const actor = session.as(['operator']);
  const { server, tools } = await listTools(session.needed('mcp'));
  const read = tools.map(offerOf);
  const offers = [...new Map(read.flatMap((one) => (one.ok ? [[one.offer.name, one.offer] as const] : []))).values()];
  const twice = tools.length - new Set(tools.map(({ name }) => name)).size;
  if (twice > 0) throw new Refused('invalid_request', `the server offers ${twice} names twice: nothing was imported`, 422, false);
  const unreadable = read.flatMap((one): Step[] => (one.ok ? [] : [{ what: 'refused', tool: one.name, why: one.why }]));
  const steps = [...importPlan(offers, system, await catalogueNow(actor.client), adds), ...unreadable].map((step): Step => ('put' in step && !validatePutToolRequest(without(step.put)) ? { what: 'refused', tool: step.tool, why: `${validatePutToolRequest.errors?.[0]?.instancePath} ${validatePutToolRequest.errors?.[0]?.message}` } : step));
  const puts = steps.flatMap((step) => ('put' in step ? [step.put] : []));
  const dryRun = session.values['dry-run'] === true;
  if (!dryRun) for (const part of batches(puts)) await actor.client.request('registry', 'POST', '/tools', { tools: part });
  const suspicious = new Map(offers.filter(({ suspicions }) => suspicions.length > 0).map((offer) => [`${system}.${offer.name}`, offer.suspicions]));
  session.show({ server, system, dryRun, steps: steps.map((step) => ({ what: step.what, tool: step.tool, ...('why' in step && { why: step.why }), ...('closed' in step && step.closed.length > 0 && { closed: step.closed }), suspicions: suspicious.get(step.tool) ?? [] })) }, [
    `${inert(server, 60)} offers ${tools.length} tools${dryRun ? '; nothing was changed' : ''}`,
    ...steps.flatMap((step) => [`  ${id(step.tool)}: ${said[step.what]}${'why' in step && step.why !== undefined ? ` (${inertLine(step.why)})` : ''}${'closed' in step && step.closed.length > 0 ? `; closed at ${step.closed.length} place${step.closed.length === 1 ? '' : 's'}` : ''}`, ...(suspicious.get(step.tool) ?? []).map((one) => `    ! its text ${one}`)]),
  ]);
  const moved = steps.filter(({ what }) => what === 'changed' || what === 'gone').length;
  if (moved > 0) throw new Refused('out_of_scope', `${moved} of them changed at their source and ${dryRun ? 'would be' : 'are'} out of scope: countersign tools diff`, 409, false);
});
const without = ({ tool: _tool, ...rest }: Declaration) => rest;

/** `countersign tools import`. */
export const importTools = bring(true);
/** `countersign tools check`. */
export const checkTools = bring(false);
