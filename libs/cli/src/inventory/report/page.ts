import { moneyText } from '@countersign/kernel';
import { bars } from '../../report/bars.ts';
import { html, page } from '../../report/html.ts';
import type { Html } from '../../report/html.ts';
import { fates } from './tally.ts';
import type { Counts, Fate, ObserveReport, Sums } from './tally.ts';

export const fateNames: Readonly<Record<Fate, string>> = {
  allowed: 'allowed', changed: 'arguments changed', asked: 'people asked', halted: 'run halted, senior decision', deferred: 'kept waiting', denied: 'denied', stopped: 'stopped even so',
};
const n = (value: number): string => value.toLocaleString('en');
const one = (value: number | null): string => (value === null ? '–' : value >= 10 ? n(Math.round(value)) : String(Number(value.toPrecision(2))));
export const money = (sums: Sums): string => Object.entries(sums).map(([currency, minor]) => moneyText({ minor, currency })).join(', ') || 'none';
export const minutes = (ms: number | null): string => (ms === null ? '–' : ms < 60_000 ? `${Math.round(ms / 1_000)} s` : ms < 3_600_000 ? `${one(ms / 60_000)} min` : `${one(ms / 3_600_000)} h`);
const mostShown = 50;

export const headline = ({ agents, people }: ObserveReport): string =>
  `${n(agents.wouldHaveAsked)} of ${n(agents.registered ?? agents.observed)} ${agents.registered === null ? 'observed agents' : 'agents'} would have asked people: ${one(people.perDay.mean)} questions a day, ${n(people.perDay.max)} on the busiest${people.byPerson[0] === undefined ? '' : `, at most ${one(people.byPerson[0].perDay)} a day for one person`}.`;

/** The report as a page that can be shown to people who did not write the rules. */
export const observePage = (report: ObserveReport, made: string): string => page('What enforcement would have done', html`
<h1>What enforcement would have done</h1>
<p class="soft">OBSERVED, NOT ENFORCED. ${n(report.decisions)} decisions of ${n(report.agents.observed)} observed agents${report.window.from !== null && html`, ${report.window.from.slice(0, 16)}${report.window.to !== null && html` to ${report.window.to.slice(0, 16)}`} UTC`}. Made ${made}.</p>
<p class="says warn"><strong>${headline(report)}</strong></p>
<div class="cards"><div class="card"><b>${report.decisions === 0 ? '–' : `${Math.floor(report.counts.allowed / report.decisions * 1000) / 10} %`}</b>of actions would have run as they did</div>
<div class="card"><b>${n(report.counts.asked + report.counts.halted)}</b>would have waited for people</div><div class="card"><b>${n(report.counts.denied)}</b>would have been denied</div><div class="card"><b>${money(report.held)}</b>in actions that would not have run at once</div></div>
<h2>Actions</h2>
${bars({ title: 'What would have happened to them', series: ['actions'], groups: fates.map((fate) => ({ label: fateNames[fate], values: [report.counts[fate]] })), show: n })}
<h2>Approvals</h2>
${people(report)}
<h2>By agent</h2>
${table('agent', report.byAgent.map((row) => ({ name: row.agent, counts: row.counts, more: money(row.held) })), 'money held back')}
<h2>By tool</h2>
${table('tool', report.byTool.map(({ tool, counts }) => ({ name: tool, counts, more: '' })), null)}
<h2>By rule</h2>
${report.byRule.length === 0 ? html`<p>No rule would have held anything.</p>` : html`<div class="wide"><table><caption class="soft">Rules that fired where something would not have run as it did</caption><thead><tr><th scope="col">rule</th><th scope="col" class="n">decisions</th></tr></thead><tbody>${report.byRule.slice(0, mostShown).map(({ rule, decisions }) => html`
<tr><th scope="row"><code>${rule}</code></th><td class="n">${n(decisions)}</td></tr>`)}</tbody></table></div>`}
<h2>What to do next</h2>${report.next.length === 0 ? html`<p>Nothing stands against enforcing.</p>` : html`<ol>${report.next.map((step) => html`<li>${step}</li>`)}</ol>`}
<h2>How this was worked out</h2><ul>${report.notes.map((note) => html`<li>${note}</li>`)}</ul>`);

const people = ({ people: burden }: ObserveReport): Html => burden.asks === 0 ? html`<p>Nobody would have been asked.</p>` : html`
${bars({ title: 'Approvals per person and day, on average', series: ['approvals'], groups: burden.byPerson.slice(0, 20).map(({ person, perDay }) => ({ label: person, values: [perDay] })), show: one })}
<p>${n(burden.asks)} questions. Until somebody takes one up: half within ${minutes(burden.wait.p50)}, 9 of 10 within ${minutes(burden.wait.p90)} (simulated). ${burden.lapsed > 0 && html`<strong>${n(burden.lapsed)} would have lapsed${burden.withoutPeople > 0 && html`, ${n(burden.withoutPeople)} of them because too few people have the role`}.</strong>`}</p>
<div class="wide"><table><caption class="soft">Each approver's days (UTC)</caption><thead><tr><th scope="col">person</th><th scope="col">day</th><th scope="col" class="n">approvals</th><th scope="col">busiest hour</th><th scope="col" class="n">questions in it</th></tr></thead><tbody>${burden.days.slice(0, 400).map((row) => html`
<tr><th scope="row">${row.person}</th><td>${row.day}</td><td class="n">${n(row.approvals)}</td><td>${String(row.peakHour).padStart(2, '0')}:00</td><td class="n">${n(row.peakQuestions)}</td></tr>`)}</tbody></table></div>${burden.days.length > 400 && html`<p class="soft">${n(burden.days.length - 400)} more are in the JSON report.</p>`}`;

const table = (what: string, rows: readonly { readonly name: string; readonly counts: Counts; readonly more: string }[], more: string | null): Html => html`<div class="wide"><table><thead><tr><th scope="col">${what}</th>${fates.map((fate) => html`<th scope="col" class="n">${fateNames[fate]}</th>`)}${more !== null && html`<th scope="col" class="n">${more}</th>`}</tr></thead><tbody>${rows.slice(0, mostShown).map(({ name, counts, more: last }) => html`
<tr><th scope="row">${name}</th>${fates.map((fate) => html`<td class="n">${counts[fate] === 0 ? '' : n(counts[fate])}</td>`)}${more !== null && html`<td class="n">${last}</td>`}</tr>`)}</tbody></table></div>${rows.length > mostShown && html`<p class="soft">${n(rows.length - mostShown)} more are in the JSON report.</p>`}`;
