import type { PutToolRequest } from '@countersign/contracts';
import { startWhole } from './whole.ts';
import type { Agent, Whole } from './whole.ts';

/** Everything, with one agent that policy knows already: raw sessions of it can be opened at once. */
export const startWithAgent = async (id: string, env: Readonly<Record<string, string>> = {}, tools: Readonly<Record<string, PutToolRequest>> = {}): Promise<{ readonly whole: Whole; readonly agent: Agent }> => {
  const whole = await startWhole(env, undefined, tools);
  try {
    const agent = await whole.agent(id);
    await (await agent.open({ text: 'warm up', attestation: null })).end();
    return { whole, agent };
  } catch (error) {
    await whole.close();
    throw error;
  }
};
