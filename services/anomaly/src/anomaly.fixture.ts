import type { ActionSeen, Observation } from './core/observation.ts';

export const minute = 60_000;
export const uuid = (n: number): string => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const action = (agent: string, run: number, n: number, now: number, over: Partial<ActionSeen>): ActionSeen => ({
  kind: 'action', tenant: 'acme', agent, run: uuid(run), action: uuid(run * 10 + n), tool: 'care.read_ticket', group: 'care', owner: 'uma', version: 1, consequential: false, reversible: true, impact: 'low',
  targets: [], trust: 'none', from: null, signs: [], denied: false, now, ...over,
});

/** One ordinary run: a ticket is read, its customer is answered as the instruction says. */
export const ordinary = (agent: string, run: number, now: number): readonly Observation[] => [
  { kind: 'started', tenant: 'acme', agent, run: uuid(run), now, task: `task-${run % 5}` },
  action(agent, run, 1, now + 1_000, {}),
  action(agent, run, 2, now + 2_000, { tool: 'care.answer', consequential: true, impact: 'medium', targets: [`customer-${run % 7}`], trust: 'instruction' }),
  { kind: 'ended', tenant: 'acme', agent, run: uuid(run), now: now + 3_000 },
];

/** The run that a ticket took over: it pays a stranger whose account stood in the ticket, which nobody asked for. It does not end. */
export const hijacked = (agent: string, run: number, now: number): readonly Observation[] => [
  { kind: 'started', tenant: 'acme', agent, run: uuid(run), now, task: `task-${run % 5}` },
  action(agent, run, 1, now + 1_000, {}),
  action(agent, run, 2, now + 2_000, { tool: 'care.refund', consequential: true, reversible: false, impact: 'critical', targets: ['DE-stranger'], trust: 'third_party', from: 'care.read_ticket', signs: ['act_unasked', 'strange_text'] }),
];

/** Ordinary runs of a few agents over some days, oldest first. */
export const history = (agents: readonly string[], runs: number, from = 0): readonly Observation[] =>
  Array.from({ length: runs }, (_, i) => ordinary(agents[i % agents.length]!, from + i, (from + i) * 12 * minute)).flat();
