import { writeFile } from 'node:fs/promises';
import type { BehaviourView } from '@countersign/contracts';
import { behaviourPage } from './behaviour-page.ts';
import { only, personCommand } from './command.ts';
import { id, inert } from './inert.ts';

/** `countersign agent behaviour AGENT`: its last week beside its usual one, as lines or as a page. */
export const behaviour = personCommand('countersign agent behaviour AGENT [--html FILE] [--as PERSON] [--json]', { html: { type: 'string' } }, async (session) => {
  const agent = only(session, 'agent');
  const { client } = session.as(['analyst', 'supervisor', 'agent-owner']);
  const view = await client.request<BehaviourView>('anomaly', 'GET', `/agents/${agent}/behaviour`);
  const file = session.values['html'];
  if (typeof file === 'string') await writeFile(file, behaviourPage(view), { mode: 0o600 });
  const actions = view.hours.reduce((sum, one) => sum + one.actions, 0), expected = view.hours.reduce((sum, one) => sum + (one.expected ?? 0), 0);
  session.show(view, [
    `${id(view.agent)}  level ${view.level}`, `  ${actions} actions in the last week; by the same hours of the weeks before, ${expected.toFixed(0)} were usual`,
    ...view.findings.slice(0, 10).map((one) => `  ${new Date(one.at).toISOString()}  ${one.severity}  ${id(one.finding)}  ${inert(one.explanation, 300)}`),
    ...(typeof file === 'string' ? [`Written: ${file}`] : []),
  ]);
});
