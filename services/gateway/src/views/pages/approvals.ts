import type { ApprovalView } from '@countersign/contracts';
import { page } from './layout.ts';
import { markup, moneyText } from '@countersign/kernel';
import { time, word, words } from './words.ts';
import type { Markup } from '@countersign/kernel';

const progress = ({ progress: of, quorum, votes }: ApprovalView): string => `${of?.have ?? votes.filter(({ vote }) => vote === 'approve').length} of ${of?.need ?? quorum}`;

/** Everything that waits, soonest end first. */
export const inboxPage = (person: string, approvals: readonly ApprovalView[]): string => page('What waits for people', person, approvals.length === 0 ? markup`<p>Nothing waits for people.</p>` : markup`<table>
<thead><tr><th scope="col">Asks for</th><th scope="col">Agent</th><th scope="col">Tier</th><th scope="col">Approved</th><th scope="col">Expires</th></tr></thead>
<tbody>${approvals.map((one) => markup`<tr><td><a href="/ui/approvals/${one.approval}">${word(one.tool)}</a></td><td>${word(one.agent)}</td><td>${one.tier}</td><td>${progress(one)}</td><td>${time(one.expiresAt)}</td></tr>`)}</tbody></table>`);

const section = (title: string, body: Markup | null): Markup | null => (body === null ? null : markup`<section><h2>${title}</h2>${body}</section>`);
const rows = (pairs: readonly (readonly [string, Markup | string | number])[]): Markup | null => (pairs.length === 0 ? null : markup`<dl>${pairs.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`);
const list = (items: readonly Markup[]): Markup | null => (items.length === 0 ? null : markup`<ul>${items.map((item) => markup`<li>${item}</li>`)}</ul>`);

/** What the tool's reader said stands there, beside what would. */
const current = ({ changes, why, at }: NonNullable<NonNullable<ApprovalView['evidence']>['current']>): Markup => (why !== null ? markup`<p class="ended">Nobody knows: ${words(why)}</p>`
  : changes.length === 0 ? markup`<p>Nothing: all of it stands there already (${time(at)}).</p>` : markup`<table><thead><tr><th scope="col">Argument</th><th scope="col">Now (${time(at)})</th><th scope="col">Then</th></tr></thead>
<tbody>${changes.map(({ name, before, after }) => markup`<tr><td>${word(name)}</td><td>${before === undefined ? 'nothing' : words(before)}</td><td>${words(after)}</td></tr>`)}</tbody></table>`);

export interface ApprovalPageOptions {
  /** Whether the digests are those of what is shown; nothing can be signed here otherwise. */
  readonly genuine: boolean;
}

/** One request with all that its digests commit to, and the vote. */
export const approvalPage = (person: string, one: ApprovalView, { genuine }: ApprovalPageOptions): string => {
  const { evidence } = one;
  const open = one.status === 'open';
  return page(`${word(one.agent)} asks for ${word(one.tool)}`, person, markup`
${open ? null : markup`<p class="ended">Ended: ${one.resolution}.</p>`}
${rows([['Tier', one.tier], ...(evidence?.cost == null ? [] : [['Moves', word(moneyText(evidence.cost))] as const]), ['Approved', progress(one)], ['By', (one.progress?.factors ?? []).map(({ name, have, need, roles, people }) => `${word(name)} ${have} of ${need} (${[...roles, ...people].map(word).join(' or ')})`).join('; ') || one.route.map(word).join(' or ')],
    ['Not by', one.requesters.map(word).join(', ') || 'nobody is left out'], ['Expires', time(one.expiresAt)], ['Run', markup`<a href="/ui/runs/${one.run}">${one.run}</a>`]])}
${section('What it would be called with', rows(Object.entries(one.arguments).map(([name, value]) => [word(name), words(value)] as const)) ?? markup`<p>No arguments.</p>`)}
${section('What rules changed in it', list((one.changes ?? []).map(({ path, rules, after }) => markup`${word(path)} (${rules.map(word).join(', ')}) ${words(after ?? null)}`)))}
<section class="untrusted"><h2>What the agent says</h2><p>Written by the agent. Nobody has checked it.</p>${one.reason === null ? markup`<p>It gave no reason.</p>` : words(one.reason)}</section>
${section('Why people are asked', list(one.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => markup`<b>${word(rule.id)}</b> ${words(rule.reason)}`)))}
${section('What would change', evidence?.current === undefined ? null : current(evidence.current))}
${evidence === undefined ? null : markup`${section('Facts', rows(Object.entries(evidence.facts).map(([name, { value, origin }]) => [`${word(name)} (${origin})`, words(value)] as const)))}
${section('How the agent fared', list([...evidence.agentRecord.outcomes.map((past) => markup`${word(past.tool)}: ${word(past.status)}, ${time(past.at)}`), markup`Anomaly level: ${word(evidence.level)}`]))}
${section('What anomaly detection found', evidence.agentRecord.findings.length === 0 ? null : words(evidence.agentRecord.findings))}`}
${section('Questions', list((one.questions ?? []).map(({ person: by, text, at }) => markup`${by}, ${time(at)} ${words(text)}`)))}
${section('Votes', list(one.votes.map(({ person: by, vote, reason, preApproval }) => markup`${by}: ${vote}${preApproval === undefined ? null : ', agreed beforehand'}${reason === undefined ? null : words(reason)}`)))}
${!open ? null : genuine ? markup`<form data-vote="${one.approval}" data-digest="${one.digest}" data-evidence="${one.evidenceDigest ?? ''}" data-seen="${one.votes.length}">
<label for="reason">Your reason</label><textarea id="reason" name="reason" maxlength="2000" required rows="3"></textarea>
<p><button type="submit" value="approve">Approve</button> <button type="submit" value="deny">Deny</button></p>
<p>You sign with the key of this browser; nobody else has it.</p></form>`
    : markup`<p class="ended" role="alert">What is shown is not what would be signed, or the tool changed since: nothing can be signed here. Tell an operator.</p>`}`);
};
