import { hastyS } from '@countersign/audit/core/oversight-pack';
import type { OversightPack } from '@countersign/audit/core/oversight-pack';
import { bars } from '../../report/bars.ts';
import { html, page } from '../../report/html.ts';
import type { Html } from '../../report/html.ts';

const seconds = (value: number | null): string => (value === null ? '–' : value < 90 ? `${Math.round(value * 10) / 10} s` : `${Math.round(value / 60)} min`);
const day = (at: number | null): string => (at === null ? '–' : new Date(at).toISOString().slice(0, 16).replace('T', ' '));

/** What Article 14 asks for, and which of these numbers speak to it. */
const articles = (pack: OversightPack): readonly (readonly [string, string, string])[] => [
  ['14(1), (3)', 'natural persons can effectively oversee it, by measures fit to its risk', `${pack.asked.questions} of ${pack.actions} actions were put to people before they ran; ${pack.alone.tier1 + pack.alone.tier2} ran within limits that people set as rules; ${pack.alone.denied} were denied by rules`],
  ['14(4)(a)', 'they understand what it is about to do', `${pack.votes.onWhatWasShown} of ${pack.votes.cast} votes are on the digest of exactly what was asked and shown${pack.votes.beforehand > 0 ? `; ${pack.votes.beforehand} were given beforehand, for terms that covered it` : ''}`],
  ['14(4)(b)', 'they stay aware of automation bias', `${pack.people.reduce((sum, { hasty }) => sum + hasty, 0)} votes came within ${hastyS} s of the question; ${pack.reviewed.blind} autonomous actions were reviewed blind afterwards, ${pack.reviewed.wrong} found wrong`],
  ['14(4)(d)', 'they can decide not to use it, or override it', `${pack.asked.denied} denied by people, ${pack.asked.expired} lapsed and therefore did not run, ${pack.stopped.reversed} reversed`],
  ['14(4)(e)', 'they can stop it', `${pack.stopped.halts} halts and ${pack.stopped.cancelled} cancellations in this time`],
];

/** The pack as a page: numbers, who oversaw, what to look at, and what records cannot show. */
export const oversightPage = (pack: OversightPack, about: string, made: string): string => page('Human oversight', html`
<h1>Human oversight of ${about}</h1>
<p class="soft">EU AI Act, Article 14. ${day(pack.from)} to ${day(pack.to)} UTC. Made ${made}, counted from the entries beside this page and from nothing else; verifying the folder counts again.</p>
<div class="cards">${([[pack.actions, 'actions'], [pack.asked.questions, 'put to people'], [pack.asked.approved, 'approved'], [pack.asked.denied, 'denied by people'], [pack.asked.expired, 'lapsed'], [pack.exceptions.length, 'to look at']] as const).map(([value, what]) => html`<div class="card"><b>${value}</b>${what}</div>`)}</div>
<h2>What Article 14 asks, and what the record says</h2>
<table><tr><th>article</th><th>asks that</th><th>the record says</th></tr>${articles(pack).map(([article, asks, says]) => html`<tr><td>${article}</td><td>${asks}</td><td>${says}</td></tr>`)}</table>
${bars({ title: 'What became of actions', series: ['actions'], groups: [['alone, tier 1', pack.alone.tier1], ['alone, tier 2', pack.alone.tier2], ['denied by rules', pack.alone.denied], ['approved by people', pack.asked.approved], ['denied by people', pack.asked.denied], ['lapsed', pack.asked.expired], ['still open', pack.asked.open]].map(([label, value]) => ({ label: String(label), values: [Number(value)] })), show: String })}
<h2>Who oversaw</h2>
<table><tr><th>person</th><th class="n">approved</th><th class="n">denied</th><th class="n">median time</th><th class="n">fastest</th><th class="n">within ${hastyS} s</th></tr>${pack.people.map((one) => html`<tr><td>${one.person}</td><td class="n">${one.approved}</td><td class="n">${one.denied}</td><td class="n">${seconds(one.medianS)}</td><td class="n">${seconds(one.fastestS)}</td><td class="n">${one.hasty}</td></tr>`)}</table>
<p>Half of the questions were answered within ${seconds(pack.decidedWithinS.p50)}, nine of ten within ${seconds(pack.decidedWithinS.p90)}, the slowest after ${seconds(pack.decidedWithinS.max)}.</p>
<h2>To look at</h2>
${pack.exceptions.length === 0 ? html`<p>Nothing: no action ran against or without the people who were asked, nobody voted on their own request.</p>` : html`<table><tr><th>what</th><th>action</th><th>entries</th></tr>${pack.exceptions.map(({ what, action, entries }) => html`<tr><td>${what}</td><td><code>${action}</code></td><td>${entries.join(', ')}</td></tr>`)}</table>`}
${cannot(pack)}`);

const cannot = (pack: OversightPack): Html => html`<h2>What these records cannot show</h2><ul>
<li>Whether a person understood what they were shown. The record has what that was, when, and how long they took; attention leaves no entry.</li>
<li>Whether those who oversaw were competent, trained and had authority (Article 14(4), 26(2)): roles are on the record, their fitness is not.</li>
<li>Actions that no agent proposed: a tool that can be reached around this system leaves nothing here.</li>
<li>That nothing that fits is missing: an index chose these entries. Holes show when the whole log is verified.</li>
<li>Whether the rules drew the line between alone and asked in the right place.</li>
${pack.closed > 0 && html`<li>The words of ${pack.closed} entries: erased, or not for the eyes of whoever exported.</li>`}</ul>`;
