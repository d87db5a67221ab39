import type { AgentList, AgentSnapshot } from '@countersign/contracts';
import type { DataSource } from 'typeorm';

/** What an inventory is searched by; every one given has to hold. */
export interface AgentFilter {
  readonly owner?: string; readonly status?: AgentSnapshot['status']; readonly role?: string; readonly environment?: string; readonly model?: string;
  readonly category?: NonNullable<AgentSnapshot['euAiAct']>['category'];
  /** A tool that the permissions cover, or a pattern that covers one of them. */
  readonly tool?: string;
  /** In id, name, purpose or affected persons; case does not matter. */
  readonly text?: string;
}
export type SearchAgents = (filter: AgentFilter, page: { readonly after: string; readonly limit: number }) => Promise<AgentList>;

/** `*` of a tool pattern as LIKE has it. */
const like = (sql: string): string => `replace(replace(${sql}, '_', '\\_'), '*', '%')`;
const contains = (text: string): string => `%${text.replaceAll(/[\\%_]/g, (found) => `\\${found}`)}%`;

const conditions: { readonly [K in keyof AgentFilter]-?: { readonly sql: (n: number) => string; readonly value?: (text: string) => string } } = {
  owner: { sql: (n) => `snapshot->>'owner' = $${n}` },
  status: { sql: (n) => `snapshot->>'status' = $${n}` },
  role: { sql: (n) => `snapshot->'roles' ? $${n}` },
  environment: { sql: (n) => `snapshot->>'environment' = $${n}` },
  model: { sql: (n) => `snapshot->>'model' = $${n}` },
  category: { sql: (n) => `snapshot->'euAiAct'->>'category' = $${n}` },
  tool: { sql: (n) => `exists (select 1 from jsonb_array_elements_text(snapshot->'permissions') p where $${n}::text like ${like('p')} or p like ${like(`$${n}::text`)})` },
  text: { sql: (n) => `concat_ws(' ', agent, snapshot->>'name', snapshot->>'purpose', snapshot->>'affects') ilike $${n}`, value: contains },
};

/** The inventory, by id, a page at a time. */
export const createAgentSearch = (source: DataSource): SearchAgents => async (filter, { after, limit }) => {
  const given = (Object.keys(conditions) as (keyof AgentFilter)[]).flatMap((name) => (filter[name] === undefined ? [] : [{ ...conditions[name], text: filter[name] }]));
  const where = ['agent > $1', ...given.map(({ sql }, i) => sql(i + 3))].join(' and ');
  const rows = await source.query<{ snapshot: AgentSnapshot }[]>(`select snapshot from agent where ${where} order by agent limit $2`, [after, limit + 1, ...given.map(({ text, value }) => value?.(text) ?? text)]);
  const agents = rows.slice(0, limit).map(({ snapshot }) => snapshot);
  return { agents, next: rows.length > limit ? agents.at(-1)!.agent : null };
};
