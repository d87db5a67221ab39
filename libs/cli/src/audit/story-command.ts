import { writeFile } from 'node:fs/promises';
import type { StoryView } from '@countersign/contracts';
import { personCommand, only } from '../people/command.ts';
import { id, inert, inertLine } from '../people/inert.ts';
import { readers } from './query-command.ts';
import { storyPage } from './story-page.ts';
import { storyUsage } from './usage.ts';

export const story = personCommand(storyUsage, { html: { type: 'string' } }, async (session) => {
  const run = only(session, 'run');
  const told = await session.as(readers).client.request<StoryView>('audit', 'GET', `/runs/${encodeURIComponent(run)}/story`);
  const { html } = session.values;
  if (typeof html === 'string') await writeFile(html, storyPage(told, new Date().toISOString()));
  session.show(typeof html === 'string' ? { ...told, page: html } : told, [
    `run ${id(told.run)} of ${id(told.agent ?? 'unknown')}${told.instruction === null ? '' : `, told to ${inert(told.instruction.text ?? 'erased')}${told.instruction.by === null ? '' : ` by ${id(told.instruction.by)}`}`}`,
    ...told.steps.map((step) => `${new Date(step.at).toISOString()}  ${inertLine(step.who).padEnd(12)} ${inertLine(step.what)}${step.said === null ? '' : `  ${inert(step.said, 160)}`}`),
    ...told.gaps.map((gap) => `not shown: ${inertLine(gap)}`),
    ...told.actions.slice(0, 1).map(({ action }) => `who answers for it: countersign who-answers ${id(told.run)} ${id(action)}`),
    ...(typeof html === 'string' ? [`written to ${html}`] : []),
  ]);
});
