import type { Pool } from 'pg';
import { noRecord } from '../core/agent-record.ts';
import type { AgentRecord } from '../core/agent-record.ts';

export const agentRecordSchema = 'create table if not exists agent_record (agent text primary key, record text not null);';

/** One question: how did this agent fare lately? Text, not jsonb: others' words stand in it. */
export const createAgentRecords = (pool: Pool) => {
  const get = async (agents: readonly string[]): Promise<ReadonlyMap<string, AgentRecord>> => {
    const { rows } = await pool.query<{ agent: string; record: string }>('select agent, record from agent_record where agent = any($1)', [agents]);
    return new Map(rows.map(({ agent, record }) => [agent, JSON.parse(record) as AgentRecord]));
  };
  return {
    of: async (agent: string): Promise<AgentRecord> => (await get([agent])).get(agent) ?? noRecord,
    /** Folds what is new into each agent's record; one writer at a time for an agent. */
    add: async (changes: ReadonlyMap<string, readonly ((record: AgentRecord) => AgentRecord)[]>): Promise<void> => {
      if (changes.size === 0) return;
      const before = await get([...changes.keys()]);
      const after = [...changes].map(([agent, folds]) => [agent, folds.reduce((record, fold) => fold(record), before.get(agent) ?? noRecord)] as const);
      await pool.query(
        'insert into agent_record (agent, record) select * from unnest($1::text[], $2::text[]) on conflict (agent) do update set record = excluded.record',
        [after.map(([agent]) => agent), after.map(([, record]) => JSON.stringify(record))]);
    },
  };
};
export type AgentRecords = ReturnType<typeof createAgentRecords>;
