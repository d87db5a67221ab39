import type { InventoryReport } from '@countersign/contracts';
import { html, page } from '../report/html.ts';
import type { Html } from '../report/html.ts';

const n = (value: number): string => value.toLocaleString('en');
export const time = (at: number | null): string => (at === null ? 'never' : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'));
const mostShown = 500;
const table = (heads: readonly string[], rows: readonly (readonly (string | number)[])[]): Html => html`<div class="wide"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.slice(0, mostShown).map(([first, ...rest]) => html`
<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>${rows.length > mostShown && html`<p class="soft">${n(rows.length - mostShown)} more are in the JSON report.</p>`}`;

/** What nobody answers for, uses or registered, and what has to be looked at again: one page. */
export const uncaredPage = ({ at, orphans, unanswered, abandoned, shadows, shadowsForgotten, recertifications }: InventoryReport): string => page('Agents nobody looks after', html`
<h1>Agents nobody looks after</h1>
<p class="soft">As of ${time(at)}.</p>
<div class="cards"><div class="card"><b>${n(orphans.length)}</b>orphans</div><div class="card"><b>${n(unanswered.length)}</b>without an answer</div><div class="card"><b>${n(abandoned.length)}</b>abandoned</div><div class="card"><b>${n(shadows.length)}</b>shadow agents</div><div class="card"><b>${n(recertifications.filter(({ overdue }) => overdue).length)}</b>recertifications overdue</div></div>
<h2>Orphans</h2><p>Their owner has left. They do nothing without a person, and are suspended at the time named. Remedy: countersign agent reassign AGENT --owner PERSON.</p>
${table(['agent', 'owner', 'status', 'since', 'suspended', 'offered to', 'whom to ask'], orphans.map((one) => [one.agent, one.owner, one.status, time(one.since), one.suspendAt === null ? '' : time(one.suspendAt), one.offeredTo ?? '', one.successor ?? 'nobody']))}
<h2>Nobody answers</h2><p>Somebody owns them, and who answers for them or in them has left. Remedy: countersign process put, change file role, or agent raci.</p>
${table(['what', 'name', 'owner', 'who has left', 'agents'], unanswered.map((one) => [one.kind, one.id, one.owner, [...(one.ownerActive ? [] : [one.owner]), ...one.stages.map(({ stage, person }) => `${person} (${stage})`)].join(', '), one.agents.join(' ')]))}
<h2>Abandoned</h2><p>Active, and not used for long. Remedy: countersign agent suspend AGENT.</p>
${table(['agent', 'owner', 'last used'], abandoned.map((one) => [one.agent, one.owner, time(one.lastUseAt)]))}
<h2>Shadow agents</h2><p>Names that nobody registered, seen on the stream. Nothing they sent was done.</p>
${table(['name as claimed', 'why refused', 'messages', 'first', 'last'], shadows.map((one) => [one.principal, one.code, n(one.count), time(one.firstAt), time(one.lastAt)]))}
${shadowsForgotten > 0 && html`<p class="soft">${n(shadowsForgotten)} more messages under names that are not kept.</p>`}
<h2>Recertifications</h2><p>Remedy: its owner looks at it, then countersign agent recertify AGENT.</p>
${table(['agent', 'owner', 'due', 'overdue'], recertifications.map((one) => [one.agent, one.owner, time(one.dueAt), one.overdue ? 'overdue' : '']))}`);
