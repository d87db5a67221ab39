import { readDocument } from '../document/document.ts';
import { documents } from '../document/kinds.ts';
import { CannotRun } from '../errors.ts';
import { personCommand } from '../people/command.ts';
import { id, inert } from '../people/inert.ts';
import { usageOf } from './usage.ts';
import type { Kind } from './usage.ts';
import { demoTemplates } from './demo-templates.ts';

interface Declared { readonly definition: { readonly title?: string; readonly owner?: string; readonly permissions?: readonly { readonly permission: string; readonly tools: readonly string[] }[]; readonly roles?: readonly string[] }; readonly agents?: readonly string[] }

/** What is declared about agents: the three kinds are listed, put and removed alike. */
export const declaredCommand = (kind: Kind) => personCommand(usageOf(kind), { file: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const [what = 'list', wanted, ...more] = session.positionals;
  // Read before anybody acts: a file that does not fit is nobody's deed.
  const written = what === 'put' && wanted !== undefined ? readDocument<object>(session.needed('file'), documents[kind], `countersign ${kind} put`) : undefined;
  const { client, person } = session.as(['operator']);
  const all = kind === 'process' ? 'processes' : `${kind}s`;
  const line = (one: Declared): string => {
    const { definition, agents } = one;
    const holds = definition.permissions?.map(({ permission, tools }) => `${id(permission)} (${tools.map(id).join(' ')})`).join(', ') ?? (kind === 'process' ? `owner ${id(definition.owner ?? '')}` : `gives ${definition.roles?.map(id).join(', ') ?? ''}`);
    return `${id(String((one as unknown as Record<string, unknown>)[kind])).padEnd(20)} ${inert(definition.title ?? '', 60)}  ${holds}${agents === undefined ? '' : `  agents: ${agents.map(id).join(', ') || 'none'}`}`;
  };
  if (what === 'list' && wanted === undefined) {
    const found = await client.request<Record<string, readonly Declared[]>>('registry', 'GET', `/${all}`);
    return session.show(found, found[all]!.length === 0 ? [`No ${kind} is declared. countersign ${kind} put --help says how${kind === 'template' ? '; countersign template demo declares three' : ''}.`] : found[all]!.map(line));
  }
  if (what === 'demo' && kind === 'template' && wanted === undefined) {
    for (const { role, template } of demoTemplates(person)) {
      await client.request('registry', 'PUT', `/roles/${role.id}`, { role: role.definition, reason: 'demo' });
      await client.request('registry', 'PUT', `/templates/${template.id}`, { template: template.definition, reason: 'demo' });
    }
    const found = await client.request<{ templates: readonly Declared[] }>('registry', 'GET', '/templates');
    return session.show(found, found.templates.map(line));
  }
  if (wanted === undefined || more.length > 0) throw new CannotRun(`Usage: ${usageOf(kind)}`);
  const path = `/${all}/${encodeURIComponent(wanted)}`;
  if (what === 'put') {
    const put = await client.request<Declared>('registry', 'PUT', path, { [kind]: written, reason: session.needed('reason') });
    return session.show(put, [line(put)]);
  }
  if (what !== 'remove' || kind === 'grantor') throw new CannotRun(`Usage: ${usageOf(kind)}`);
  session.show(await client.request('registry', 'POST', `${path}/remove`, { reason: session.needed('reason') }), [`${kind} ${id(wanted)} is removed.`]);
});
