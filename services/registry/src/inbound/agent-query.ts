import { CodedError } from '@countersign/service-host';
import type { AgentFilter } from '../views/agent-search.ts';

const shapes: { readonly [K in keyof AgentFilter]-?: { readonly fits: RegExp; readonly says: string } } = {
  owner: { fits: /^[a-z0-9][a-z0-9._-]{0,127}$/, says: 'the id of a person' },
  status: { fits: /^(draft|active|suspended|decommissioned)$/, says: 'draft, active, suspended or decommissioned' },
  role: { fits: /^[a-z0-9][a-z0-9._-]{0,63}$/, says: 'a role' },
  environment: { fits: /^.{1,64}$/u, says: 'at most 64 characters' },
  model: { fits: /^.{1,200}$/u, says: 'at most 200 characters' },
  category: { fits: /^(minimal|limited|high)$/, says: 'minimal, limited or high' },
  tool: { fits: /^[a-zA-Z0-9_.:*-]{1,128}$/, says: 'a tool, or a pattern of tools' },
  text: { fits: /^.{1,200}$/u, says: 'at most 200 characters' },
};
const mostAgents = 1_000;

/** What a query string asks of the inventory. A name it does not know is refused: a filter that is ignored would show too much. */
export const readAgentQuery = (query: Readonly<Record<string, unknown>>): { readonly filter: AgentFilter; readonly after: string; readonly limit: number } => {
  const filter: Record<string, string> = {};
  let after = '', limit = mostAgents;
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') throw new CodedError('invalid_request', `${name} is given twice`);
    if (name === 'after' && /^[a-z0-9._-]{0,128}$/.test(value)) after = value;
    else if (name === 'limit' && /^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= mostAgents) limit = Number(value);
    else if (Object.hasOwn(shapes, name) && shapes[name as keyof AgentFilter].fits.test(value)) filter[name] = value;
    else throw new CodedError('invalid_request', Object.hasOwn(shapes, name) ? `${name} is ${shapes[name as keyof AgentFilter].says}` : name === 'limit' ? `limit is 1 to ${mostAgents}` : `agents are searched by ${Object.keys(shapes).join(', ')}, with limit and after; not by ${name.slice(0, 64)}`);
  }
  return { filter, after, limit };
};
