import type { BacktestReport, Ranked } from '@countersign/policy/core/backtest/report';
import { grades } from '@countersign/policy/core/backtest/change';
import { loosenedIn, tightenedIn } from '@countersign/policy/core/backtest/tally';
import type { Row } from '@countersign/policy/core/backtest/tally';
import { bars } from '../../report/bars.ts';
import { html, page } from '../../report/html.ts';
import type { Html } from '../../report/html.ts';
import { changeNames, inOrder, proofSaid, spoken } from './text.ts';

const n = (value: number): string => value.toLocaleString('en');
const one = (value: number | null): string => (value === null ? '–' : value >= 10 ? n(Math.round(value)) : String(Number(value.toPrecision(2))));
const gradeNames = { 1: 'tier 1, autonomous', 2: 'tier 2, supervised', 3: 'tier 3, people', defer: 'deferred', 4: 'tier 4, run halted', deny: 'denied' } as const;
const mostShown = 15;

/** The report as a page of its own, for people who did not write the rules. */
export const pageOf = (report: BacktestReport, made: string): string => page(`Backtest of ${report.draft.version}`, html`
<h1>What ${report.draft.version} would have decided</h1>
<p class="soft">${n(report.decisions.read)} recorded decisions of ${n(report.decisions.actions)} actions${report.window.from !== null && html`, ${report.window.from} to ${report.window.to}`}. Made ${made}.</p>
${headline(report)}
${proof(report)}
<h2>Before and after</h2>
${bars({ title: 'Decisions by tier', series: ['recorded', 'draft'], groups: grades.map((grade) => ({ label: gradeNames[grade], values: [report.total.before[grade], report.total.after[grade]] })), show: n })}
${changedBy(report.tools)}
${people(report)}
<h2>By tool</h2>${rowsTable('tool', report.tools)}
<h2>By agent</h2>${rowsTable('agent', report.agents)}
<h2>By rule</h2>${rulesTable(report)}
${examples(report)}
${missing(report)}
<h2>How this was worked out</h2>
<ul>${[...report.notes, queueNote(report)].map((note) => html`<li>${note}</li>`)}</ul>
${carried(report)}`);

const card = (value: string, what: string): Html => html`<div class="card"><b>${value}</b>${what}</div>`;

const headline = ({ decisions, total, tightened, loosened, people: { before, after } }: BacktestReport): Html => html`<div class="cards">
${card(decisions.compared === 0 ? '–' : `${Math.floor((total.changes.same + total.changes.otherRules) / decisions.compared * 1000) / 10} %`, 'come out as before')}
${card(n(total.changes.newlyBlocked), 'newly blocked')}${card(n(loosened), 'loosened')}${card(n(tightened), 'tightened')}
${card(`${one(before.perDay.mean)} → ${one(after.perDay.mean)}`, 'questions to people a day')}
${decisions.unknown > 0 && card(n(decisions.unknown), 'unknown: the record does not hold what they hang on')}</div>`;

const proof = (report: BacktestReport): Html => html`<div class="says ${report.proof.ok ? 'good' : 'bad'}">${report.proof.ok ? proofSaid(report) : html`<strong>${proofSaid(report)}</strong>`}
${report.proof.mismatches.length > 0 && html`<div class="wide"><table><tr><th>run</th><th>action</th><th class="n">position</th><th>version</th><th>on the record</th><th>made again</th></tr>${report.proof.mismatches.slice(0, 50).map((found) => html`
<tr><td><code>${found.run}</code></td><td><code>${found.action}</code></td><td class="n">${found.position}</td><td>${found.version}</td><td>${found.differences.map(({ field, recorded }) => html`${field}: ${cut(recorded)}<br>`)}</td><td>${found.differences.map(({ field, reproduced }) => html`${field}: ${cut(reproduced)}<br>`)}</td></tr>`)}</table></div>`}</div>`;

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

const changedBy = (tools: Ranked<Row>): Html | false => {
  const rows = tools.rows.filter((row) => tightenedIn(row) + loosenedIn(row) + row.unknown > 0).slice(0, 12);
  return rows.length > 0 && bars({ title: 'Changed decisions by tool', series: ['loosened', 'tightened', 'unknown'], groups: rows.map((row) => ({ label: row.name, values: [loosenedIn(row), tightenedIn(row), row.unknown] })), show: n });
};

const people = ({ people: { before, after, reviewers } }: BacktestReport): Html => html`<h2>What it asks of people</h2>
${bars({ title: 'Votes per person and day', series: ['recorded', 'draft'], groups: perPerson(before, after), show: one })}
${bars({ title: 'Simulated time from question to decision', series: ['recorded', 'draft'], groups: (['p50', 'p90', 'p99'] as const).map((share) => ({ label: { p50: 'half are decided within', p90: '9 of 10 within', p99: '99 of 100 within' }[share], values: [before.decided[share], after.decided[share]] })), show: spoken })}
<div class="wide"><table><tr><th>who decides</th><th class="n">people</th><th class="n">questions before</th><th class="n">after</th><th class="n">votes each a day before</th><th class="n">after</th></tr>${routes(before, after).map(({ route, was, is }) => html`
<tr><td>${route.join(' or ')}</td><td class="n">${(is ?? was)!.people}</td><td class="n">${n(was?.asks ?? 0)}</td><td class="n">${n(is?.asks ?? 0)}</td><td class="n">${one(was?.votesPerPersonPerDay ?? 0)}</td><td class="n">${one(is === undefined ? 0 : is.votesPerPersonPerDay)}</td></tr>`)}</table></div>
<p>Questions that lapse unanswered: ${n(before.lapsed)} before, ${n(after.lapsed)} after${after.withoutPeople > 0 && html`, <strong>${n(after.withoutPeople)} of them because too few people have the role</strong>`}. Busiest day: ${n(before.perDay.max)} questions before, ${n(after.perDay.max)} after.${reviewers.from === 'assumed' && ' One person for each role is assumed: say who decides with --reviewers.'}</p>`;

type Burden = BacktestReport['people']['before'];
const perPerson = (before: Burden, after: Burden) => after.byPerson.slice(0, mostShown).map(({ person, perDay }) => ({ label: person, values: [before.byPerson.find((other) => other.person === person)?.perDay ?? 0, perDay] }));
const routes = (before: Burden, after: Burden) => {
  const all = new Map([...after.byRoute, ...before.byRoute].map(({ route }) => [route.join('\n'), route]));
  return [...all].slice(0, mostShown).map(([key, route]) => ({ route, was: before.byRoute.find((other) => other.route.join('\n') === key), is: after.byRoute.find((other) => other.route.join('\n') === key) }));
};

const rowsTable = (what: string, { rows, leftOff }: Ranked<Row>): Html => html`<div class="wide"><table><tr><th>${what}</th><th class="n">decisions</th>${inOrder.map((change) => html`<th class="n">${changeNames[change]}</th>`)}<th class="n">unknown</th></tr>${rows.slice(0, mostShown).map((row) => html`
<tr><td>${row.name}</td><td class="n">${n(row.decisions)}</td>${inOrder.map((change) => html`<td class="n">${row.changes[change] === 0 ? '' : n(row.changes[change])}</td>`)}<td class="n">${row.unknown === 0 ? '' : n(row.unknown)}</td></tr>`)}</table></div>${more(rows.length - mostShown + leftOff)}`;

const more = (left: number): Html | false => left > 0 && html`<p class="soft">${n(left)} more with fewer changes are in the JSON report or left off.</p>`;

const rulesTable = ({ rules: { rows, leftOff } }: BacktestReport): Html => html`<div class="wide"><table><tr><th>rule</th><th class="n">spoke before</th><th class="n">after</th><th class="n">tightens</th><th class="n">loosens</th><th class="n">unknown</th></tr>${rows.slice(0, 2 * mostShown).map((row) => html`
<tr><td><code>${row.name}</code></td><td class="n">${n(row.before)}</td><td class="n">${n(row.after)}</td><td class="n">${n(row.tightened)}</td><td class="n">${n(row.loosened)}</td><td class="n">${n(row.unknown)}</td></tr>`)}</table></div>${more(rows.length - 2 * mostShown + leftOff)}`;

const examples = (report: BacktestReport): Html => html`<h2>Examples</h2>${inOrder.every((change) => report.examples[change] === undefined) && html`<p>Nothing changes.</p>`}${inOrder.map((change) => report.examples[change] !== undefined && html`
<h3>${n(report.total.changes[change])} ${changeNames[change]}</h3><div class="wide"><table><tr><th>when</th><th>agent</th><th>tool</th><th>before</th><th>after</th><th>rules</th><th>facts they read</th></tr>${report.examples[change].slice(0, 10).map((found) => html`
<tr><td>${new Date(found.at).toISOString()}</td><td>${found.agent}</td><td>${found.tool}</td><td>${found.before.decision} ${found.before.tier}</td><td>${found.after.decision} ${found.after.tier}</td><td>${found.came.map((rule) => html`+ <code>${rule}</code><br>`)}${found.gone.map((rule) => html`− <code>${rule}</code><br>`)}</td><td>${Object.entries(found.facts).map(([name, value]) => html`<code>${name} = ${cut(JSON.stringify(value))}</code><br>`)}<span class="soft">run <code>${found.run}</code>, action <code>${found.action}</code></span></td></tr>`)}</table></div>`)}`;

const missing = ({ missing: all }: BacktestReport): Html | false => all.length > 0 && html`<h2>What the record does not hold</h2><p>These decisions are unknown under the draft, not guessed.</p>
<table><tr><th>missing</th><th class="n">decisions</th><th>read by</th><th>tools</th></tr>${all.slice(0, 2 * mostShown).map(({ what, decisions, rules, tools }) => html`<tr><td><code>${what}</code></td><td class="n">${n(decisions)}</td><td>${rules.slice(0, 10).join(', ')}</td><td>${tools.slice(0, 10).join(', ')}</td></tr>`)}</table>`;

const queueNote = ({ people: { service, reviewers } }: BacktestReport): string =>
  `The queue is simulated: questions arrive when the record says, each goes to the eligible people who are free first, ${spoken(service.meanMs)} a question on average (${service.from}${service.from === 'recorded votes' ? `: ${n(service.votes)}` : ''}), ${n(reviewers.count)} ${reviewers.from === 'given' ? 'people' : 'assumed people, one for each role'}. Both columns of a chart have the same people and the same luck. It knows no holidays, and nobody who helps or tires.`;

const carried = ({ decisions }: BacktestReport): Html | false => Object.keys(decisions.carried).length > 0
  && html`<p class="soft">Not the rules' doing, and so the same under any draft: ${Object.entries(decisions.carried).map(([code, count]) => `${code} ${n(count)}`).join(', ')}.</p>`;
