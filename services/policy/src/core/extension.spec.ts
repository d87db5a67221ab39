import { describe, expect, it } from '@jest/globals';
import type { AgentSnapshot, ScopeExtension } from '@countersign/contracts';
import { extendScopeTool } from '@countersign/kernel';
import { askFault } from './extension.ts';
import { actionId, agent, proposed, resolvedFor, scene, start, started, vote } from './scene.fixture.ts';

const clerk: AgentSnapshot = { ...agent, permissions: ['read', extendScopeTool], requestable: [{ role: 'clerk', permission: { permission: 'more', tools: ['tier*'], requestable: true, limits: { moneyPerAction: { minor: 50, currency: 'EUR' } } } }] };
const extension: ScopeExtension = { tools: ['tier1', 'tier3', 'note'], until: start / 1_000 + 600, action: actionId(99) };
const begun = () => {
  const s = scene();
  s.tell(s.message(started));
  const propose = (n: number, tool: string, carried: ScopeExtension | null = extension, snapshot = clerk, args = {}) => {
    const message = s.message(proposed(n, tool, args));
    return s.tell({ ...message, token: { ...message.token, ...(carried && { extension: carried }) } }, { agent: () => snapshot });
  };
  return { s, propose };
};

describe('extra scope that a token carries', () => {
  it('opens the tools it names, until it ends, and the record says by which action', () => {
    const { s, propose } = begun();
    expect(propose(1, 'tier1', null).replies[0]).toMatchObject({ decision: 'deny', code: 'not_permitted' });
    const granted = propose(2, 'tier1');
    expect([granted.replies[0], granted.records[0]]).toMatchObject([{ decision: 'allow' }, { extension }]);
    expect(propose(3, 'read').records[0]).not.toHaveProperty('extension');
    s.at(start + 590_000);
    expect(propose(4, 'tier1').grants[0]!.claims.exp).toBe(extension.until);
    s.at(start + 600_000);
    expect(propose(5, 'tier1').replies[0]).toMatchObject({ decision: 'deny', code: 'not_permitted' });
  });

  it('opens nothing beyond what the agent may ask for now, nor beyond the limits of that', () => {
    const { propose } = begun();
    expect(propose(1, 'note').replies[0]).toMatchObject({ code: 'not_permitted' });
    expect(propose(2, 'tier2').replies[0]).toMatchObject({ code: 'not_permitted' });
    expect(begun().propose(1, 'tier1', extension, { ...clerk, requestable: [] }).replies[0]).toMatchObject({ code: 'not_permitted' });
    expect(begun().propose(1, 'tier1', extension, clerk, { amount: 51 }).replies[0]).toMatchObject({ code: 'outside_permission' });
  });

  it('must still hold when people have decided', () => {
    for (const [at, decision] of [[start + 29_000, 'allow'], [start + 30_000, 'deny']] as const) {
      const { s, propose } = begun();
      expect(propose(1, 'tier3', { ...extension, until: start / 1_000 + 30 }).replies[0]).toMatchObject({ decision: 'step_up' });
      s.at(at);
      expect(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]), { agent: () => clerk }).replies[0]).toMatchObject({ decision });
    }
  });

  it('is asked for only as far as a role lets the agent ask, never by a child run, and never to ask for more', () => {
    const ask = (...tools: string[]) => askFault(clerk, false, extendScopeTool, { tools });
    expect([ask('tier1', 'tier2'), askFault(clerk, false, 'tier1', {})]).toEqual([null, null]);
    expect([ask('tier1', 'wire'), ask(extendScopeTool), askFault(clerk, true, extendScopeTool, { tools: ['tier1'] })]).toEqual([expect.stringContaining('wire'), expect.stringContaining(extendScopeTool), expect.stringContaining('child')]);
  });
});
