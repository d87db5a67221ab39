import type { AgentSnapshot, GraphNode, PersonSnapshot, PublicJwk, ToolSnapshot } from '@countersign/contracts';
import { EntitySchema } from 'typeorm';

/** Read models: what the events say now. `version` is that of the stream's last event. */
export interface AgentRow { readonly agent: string; readonly version: number; readonly snapshot: AgentSnapshot; readonly key: PublicJwk | null; readonly lastUseAt: string | null }
export interface ToolRow { readonly tool: string; readonly version: number; readonly snapshot: ToolSnapshot }
export interface NodeRow { readonly node: string; readonly version: number; readonly snapshot: GraphNode }
/** `snapshot` is null while the person is invited only. */
export interface PersonRow { readonly person: string; readonly version: number; readonly snapshot: PersonSnapshot | null }
export interface RunRow { readonly run: string; readonly agent: string; readonly jkt: string; readonly notAfter: string; readonly openedAt: string; readonly purpose: string | null }

export const AgentEntity = new EntitySchema<AgentRow>({
  name: 'agent', tableName: 'agent',
  columns: { agent: { type: 'text', primary: true }, version: { type: 'integer' }, snapshot: { type: 'jsonb' }, key: { type: 'jsonb', nullable: true }, lastUseAt: { type: 'bigint', name: 'last_use_at', nullable: true } },
});
export const ToolEntity = new EntitySchema<ToolRow>({
  name: 'tool', tableName: 'tool', columns: { tool: { type: 'text', primary: true }, version: { type: 'integer' }, snapshot: { type: 'jsonb' } },
});
export const NodeEntity = new EntitySchema<NodeRow>({
  name: 'node', tableName: 'node', columns: { node: { type: 'text', primary: true }, version: { type: 'integer' }, snapshot: { type: 'jsonb' } },
});
export const PersonEntity = new EntitySchema<PersonRow>({
  name: 'person', tableName: 'person', columns: { person: { type: 'text', primary: true }, version: { type: 'integer' }, snapshot: { type: 'jsonb', nullable: true } },
});
export const RunEntity = new EntitySchema<RunRow>({
  name: 'run', tableName: 'run',
  columns: {
    run: { type: 'uuid', primary: true }, agent: { type: 'text' }, jkt: { type: 'text' }, notAfter: { type: 'bigint', name: 'not_after' },
    openedAt: { type: 'bigint', name: 'opened_at' }, purpose: { type: 'text', nullable: true },
  },
});
