import type { BehaviourView, Finding } from '@countersign/contracts';
import { bars } from '../report/bars.ts';
import { html, page } from '../report/html.ts';
import type { Html } from '../report/html.ts';

const time = (at: number): string => new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
const width = 900, height = 180;

/** Observed actions by the hour as bars, the baseline as a line over them; hours with a finding are marked. */
const course = ({ hours, findings }: BehaviourView): Html => {
  const most = Math.max(1, ...hours.flatMap(({ actions, expected }) => [actions, expected ?? 0]));
  const step = width / Math.max(1, hours.length);
  const y = (value: number): number => Math.round(height - value / most * (height - 20));
  const odd = new Set(findings.map(({ at }) => Math.floor(at / 3_600_000)));
  const line = hours.flatMap(({ expected }, i) => (expected === null ? [] : [`${Math.round((i + 0.5) * step)},${y(expected)}`])).join(' ');
  return html`<figure><figcaption>Actions by the hour, the last week <span class="soft"><span class="key k1"></span>observed <span class="key k0"></span>usual at this hour of the week <span class="key k2"></span>something was found</span></figcaption>
<svg viewBox="0 0 ${width} ${height + 20}" role="img" aria-label="${hours.reduce((sum, { actions }) => sum + actions, 0)} actions in the last week; the busiest hour had ${most}">
${hours.map(({ at, actions, expected, failures }, i) => html`<rect class="${odd.has(Math.floor(at / 3_600_000)) ? 's2' : 's1'}" x="${(i * step).toFixed(1)}" y="${y(actions)}" width="${Math.max(1, step - 1).toFixed(1)}" height="${height - y(actions)}"><title>${time(at)}: ${actions} actions, ${failures} failed, ${expected === null ? 'nothing to compare with' : `usually ${expected.toFixed(1)}`}</title></rect>`)}
${line !== '' && html`<polyline points="${line}" fill="none" stroke="var(--a)" stroke-width="2"/>`}
${hours.flatMap(({ at }, i) => (at % 86_400_000 === 0 ? [html`<text class="soft" x="${(i * step).toFixed(1)}" y="${height + 15}">${new Date(at).toISOString().slice(5, 10)}</text>`] : []))}
</svg></figure>`;
};

const rowHeight = 26, mostTools = 40;
const short = (name: string): string => (name.length > 30 ? `${name.slice(0, 29)}…` : name);

/** Tools on two sides and a line for each step, as thick as it is usual; a step that a finding rests on is drawn dashed and in the colour of warning. */
const sequence = ({ steps, findings }: BehaviourView): Html => {
  const tools = (of: (one: BehaviourView['steps'][number]) => string): readonly string[] => [...new Set(steps.map(of))].slice(0, mostTools);
  const left = tools(({ before }) => before), right = tools(({ tool }) => tool);
  const most = Math.max(1, ...steps.map(({ times }) => times));
  // A step is odd where it was new or rare and a finding came with it.
  const isOdd = ({ last, times }: BehaviourView['steps'][number]): boolean => times <= Math.max(2, most / 50) && findings.some(({ since, at }) => last >= since - 1_000 && last <= at + 1_000);
  const drawn = steps.filter(({ before, tool }) => left.includes(before) && right.includes(tool));
  const at = (list: readonly string[], name: string): number => list.indexOf(name) * rowHeight + 16;
  return html`<figure><figcaption>Which tool follows which <span class="soft">thicker: more often; <span class="key k2"></span>dashed: rare, and part of what was found</span></figcaption>
<svg viewBox="0 0 ${width} ${Math.max(left.length, right.length, 1) * rowHeight + 10}" role="img" aria-label="${drawn.length} steps between tools, ${drawn.filter(isOdd).length} of them odd">
${drawn.map((one) => html`<path class="${isOdd(one) ? 'odd' : 'edge'}" d="M 250 ${at(left, one.before)} C 420 ${at(left, one.before)}, 480 ${at(right, one.tool)}, 650 ${at(right, one.tool)}" fill="none" stroke="var(${isOdd(one) ? '--warn' : '--a'})" stroke-width="${(1 + 7 * one.times / most).toFixed(1)}" ${isOdd(one) && html`stroke-dasharray="6 4"`}><title>${one.before === '' ? 'begins with' : `${one.before} →`} ${one.tool}: ${one.times} times, last ${time(one.last)}</title></path>`)}
${left.map((name, i) => html`<text x="240" y="${i * rowHeight + 20}" text-anchor="end">${name === '' ? '(a run begins)' : short(name)}</text>`)}${right.map((name, i) => html`<text x="660" y="${i * rowHeight + 20}">${short(name)}</text>`)}
</svg></figure>`;
};

const contributions = (one: Finding): Html => html`<h3 id="${one.finding}">${one.severity}: ${time(one.at)}${one.run !== null && html` <span class="soft">run <code>${one.run}</code></span>`}</h3>
<p>${one.explanation}</p><p class="soft">Finding <code>${one.finding}</code>, ${one.kind}; impact ${one.impact}, confidence ${(one.confidence * 100).toFixed(0)} %; ${one.techniques.length === 0 ? 'no technique of MITRE ATLAS' : one.techniques.join(', ')}; actions ${one.events.map((event) => html`<code>${event}</code> `)}</p>
${one.contributions.length > 0 && bars({ title: `What makes up the score of ${one.score.toFixed(1)} nats`, series: ['nats'], groups: one.contributions.map(({ feature, nats }) => ({ label: feature, values: [nats] })), show: (value) => value.toFixed(1) })}`;

/** How an agent behaved in the last week, beside how it usually does: one page that loads nothing and runs nothing. */
export const behaviourPage = (view: BehaviourView): string => page(`How ${view.agent} behaves`, html`
<h1>How ${view.agent} behaves</h1>
<p class="soft">As of ${time(view.at)}. Level: <strong>${view.level}</strong>.</p>
<div class="says ${view.level === 'high' ? 'bad' : view.level === 'raised' ? 'warn' : 'good'}">${view.findings.length === 0 ? 'Nothing was found.' : `${view.findings.length} findings; the newest: ${view.findings[0]!.explanation}`}</div>
<h2>Baseline against observed</h2>${course(view)}
<h2>Sequence</h2>${view.steps.length === 0 ? html`<p class="soft">Nothing seen yet.</p>` : sequence(view)}
<h2>Findings</h2>${view.findings.length === 0 ? html`<p class="soft">None.</p>` : view.findings.map(contributions)}`);
