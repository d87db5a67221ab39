import type { StoryView } from '@countersign/contracts';
import { html, page } from '../report/html.ts';
import type { Html } from '../report/html.ts';
import { timeline } from './timeline.ts';

type Action = StoryView['actions'][number];

const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');
const clock = (at: number): string => new Date(at).toISOString().slice(11, 23);

/** A run as a page that anybody can read: nothing in it runs or loads, and others' words stand in it as text only. */
export const storyPage = (story: StoryView, made: string): string => page(`Run ${story.run}`, html`
<h1>What ${story.agent ?? 'an agent'} did in run <code>${story.run}</code></h1>
<p class="soft">${story.startedAt === null ? 'Its beginning is not on the record' : html`From ${time(story.startedAt)}`}${story.endedAt !== null && html` to ${time(story.endedAt)}`} UTC. Tenant ${story.tenant}.${story.trace !== null && html` Trace <code>${story.trace}</code>.`} Made ${made} from the record; what counts is the record and its proofs.</p>
${story.instruction !== null && html`<div class="says"><b>The instruction</b>${story.instruction.by === null ? html` <span class="soft">(nobody signed it: the runtime's own word)</span>` : html`, signed by ${story.instruction.by}`}: ${story.instruction.text ?? 'erased'}</div>`}
${story.gaps.length > 0 && html`<div class="says warn"><b>What this does not show</b><ul>${story.gaps.map((gap) => html`<li>${gap}</li>`)}</ul></div>`}
${timeline(story)}
<h2>Who took part</h2>
<table><tr><th>who</th><th>what</th><th>did</th></tr>${story.actors.map(({ kind, id, did }) => html`<tr><td>${id}</td><td>${kind}</td><td>${did.join(', ')}</td></tr>`)}</table>
<h2>Actions</h2>
${story.actions.length === 0 ? html`<p>None was proposed.</p>` : story.actions.map((action) => actionOf(story.run, action))}
<h2>Step by step</h2>
<div class="wide"><table><tr><th>UTC</th><th>who</th><th>what happened</th><th>in their own words (untrusted)</th><th class="n">entry</th></tr>${story.steps.map((step) => html`
<tr><td>${clock(step.at)}</td><td>${step.who}</td><td>${step.what}</td><td>${step.said}</td><td class="n">${step.index}</td></tr>`)}</table></div>`);

const actionOf = (run: string, action: Action): Html => html`<h3>${action.tool ?? 'something that is no tool'} <span class="soft"><code>${action.action}</code></span></h3>
<p>${action.rounds.map(({ at, decision, tier, code, policy, rules }, i) => html`${i > 0 && html`<br>`}${clock(at)} <b>${decision}</b>, tier ${tier}${code !== null && html` (${code})`}, rules ${policy}${rules.length > 0 && html`: ${rules.join(', ')}`}`)}</p>
${action.votes.length > 0 && html`<p>${action.votes.map(({ person, vote, saw }) => html`${person} voted <b>${vote}</b>${saw !== null && html` on what has the digest <code>${saw}</code>`}. `)}</p>`}
<p>Outcome: <b>${action.outcome ?? 'none on the record'}</b>${action.endedAt !== null && html` at ${clock(action.endedAt)}`}</p>
<table><tr><th>arguments</th><td><code>${action.arguments ?? 'erased'}</code></td></tr>${action.reason !== null && html`<tr><th>the agent's reason (untrusted)</th><td>${action.reason}</td></tr>`}${action.result !== null && html`<tr><th>what came back (untrusted)</th><td>${action.result}</td></tr>`}</table>
<p class="soft">Who answers for it: <code>countersign who-answers ${run} ${action.action}</code></p>`;
