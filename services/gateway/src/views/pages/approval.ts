import type { ApprovalView } from '@countersign/contracts';
import { decimalsOf, markup, mostUses, notCovered, usualPreApproval, visibleJson } from '@countersign/kernel';
import type { Markup } from '@countersign/kernel';
import { aim, progressBar, tierBadge, told } from './inbox.ts';
import { page } from './layout.ts';
import { time, timeLeft, word, words } from './words.ts';

const section = (title: string, body: Markup | null): Markup | null => (body === null ? null : markup`<section><h2>${title}</h2>${body}</section>`);
const rows = (pairs: readonly (readonly [string, Markup | string | number])[]): Markup | null => (pairs.length === 0 ? null : markup`<dl>${pairs.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`);
const list = (items: readonly Markup[]): Markup | null => (items.length === 0 ? null : markup`<ul>${items.map((item) => markup`<li>${item}</li>`)}</ul>`);
const orOf = (names: readonly string[]): string => names.map(word).join(' or ');

/** What the tool's reader said stands there, beside what would. */
const current = ({ changes, why, at }: NonNullable<NonNullable<ApprovalView['evidence']>['current']>): Markup => (why !== null ? markup`<p class="ended">Nobody knows: ${words(why)}</p>`
  : changes.length === 0 ? markup`<p>Nothing: all of it stands there already (${time(at)}).</p>` : markup`<div class="wide"><table><thead><tr><th scope="col">Argument</th><th scope="col">Now (${time(at)})</th><th scope="col">Then</th></tr></thead>
<tbody>${changes.map(({ name, before, after }) => markup`<tr><td>${word(name)}</td><td>${before === undefined ? 'nothing' : words(before)}</td><td>${words(after)}</td></tr>`)}</tbody></table></div>`);

const trusts: Readonly<Record<string, string>> = {
  instruction: 'The target stands in the instruction.', record: 'The target stands in our own records.', directory: 'The target stands in our own directory.', alias: 'Strangers gave the target, under a name that the instruction has.',
  document: 'The target was read in a document that strangers wrote.', third_party: 'The target was read in what strangers wrote.', nowhere: 'Nobody knows where the agent has the target from.',
};

/** What there is to lose, out of facts that were derived and not said. */
const atAGlance = ({ evidence }: ApprovalView): Markup | null => {
  const fact = (name: string): unknown => evidence?.facts[name]?.value;
  const trust = fact('target.trust'), radius = fact('change.blastRadius'), marks = fact('change.marks');
  const alarming = typeof trust === 'string' && !['instruction', 'record', 'directory'].includes(trust);
  return list([
    ...(fact('tool.reversible') === false ? [markup`<b>It cannot be taken back.</b>`] : fact('tool.reversible') === true ? [markup`It can be taken back.`] : []),
    ...(typeof trust !== 'string' || (fact('target.count') ?? 0) === 0 ? [] : [alarming ? markup`<b>${trusts[trust] ?? word(trust)}</b>` : markup`${trusts[trust]}`]),
    ...(typeof radius === 'number' ? [markup`${radius === 0 ? 'Nothing else depends' : markup`<b>${radius}</b> other ${radius === 1 ? 'part' : 'parts'} of our systems ${radius === 1 ? 'depends' : 'depend'}`} on what it changes${Array.isArray(marks) && marks.length > 0 ? markup`; it reaches what is marked ${marks.map(word).join(', ')}` : null}.`] : []),
    ...(evidence === undefined ? [] : [evidence.level === 'normal' ? markup`The agent behaves as usual.` : markup`<b>The agent behaves unlike itself (${word(evidence.level)}).</b>`]),
    ...(evidence !== undefined && evidence.failed.length > 0 ? [markup`<b>Not known: ${evidence.failed.slice(0, 10).map(word).join(', ')}.</b>`] : []),
  ]);
};

export interface ApprovalPageOptions {
  /** Whether the digests are those of what is shown; nothing can be signed here otherwise. */
  readonly genuine: boolean;
  /** What the catalogue calls the tool. */
  readonly title: string | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** One request with all that its digests commit to, and the vote for whoever may cast one. */
export const approvalPage = (person: string, one: ApprovalView, { genuine, title, now }: ApprovalPageOptions): string => {
  const { evidence } = one;
  return page(`${word(one.agent)} asks for ${word(one.tool)}`, person, markup`
<div class="sides"><div>
<section class="summary">${title === undefined ? null : markup`<p class="quiet">${word(title)}</p>`}${aim(one)}${told(one)}
<p class="foot">${tierBadge(one.tier)} ${progressBar(one)} <span>${one.status === 'open' ? timeLeft(one.expiresAt, now) : markup`<b class="ended">Ended: ${one.resolution}.</b>`}</span></p>${atAGlance(one)}</section>
${section('What it would be called with', rows(Object.entries(one.arguments).map(([name, value]) => [word(name), words(value)] as const)) ?? markup`<p>No arguments.</p>`)}
${section('What rules changed in it', list((one.changes ?? []).map(({ path, rules, after }) => markup`${word(path)} (${rules.map(word).join(', ')}) ${words(after ?? null)}`)))}
${section('What would change', evidence?.current === undefined ? null : current(evidence.current))}
${section('Why people are asked', list(one.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => markup`<b>${word(rule.id)}</b> ${words(rule.reason)}`)))}
<section class="untrusted"><h2>What the agent says</h2><p>Written by the agent. Nobody has checked it.</p>${one.reason === null ? markup`<p>It gave no reason.</p>` : words(one.reason)}</section>
${evidence === undefined ? null : markup`${section('How the agent fared', list([...evidence.agentRecord.outcomes.map((past) => markup`${word(past.tool)}: ${word(past.status)}, ${time(past.at)}`), markup`Anomaly level: ${word(evidence.level)}`]))}
${section('What anomaly detection found', evidence.agentRecord.findings.length === 0 ? null : words(evidence.agentRecord.findings))}
<details><summary>All ${Object.keys(evidence.facts).length} facts that the decision rests on, each with its origin</summary>${rows(Object.entries(evidence.facts).map(([name, { value, origin }]) => [`${word(name)} (${origin})`, words(value)] as const))}</details>`}
</div><aside>
${one.status !== 'open' ? null : genuine ? deciding(one, now) : markup`<p class="alarm" role="alert">What is shown is not what would be signed, or the tool changed since: nothing can be signed here. Tell an operator.</p>`}
${one.edit === undefined ? null : markup`<p class="alarm">${word(one.edit.person)} asks for something else instead: policy has judged it anew. <a href="/ui">What waits for people</a> has it, if people are asked.</p>`}
${section('Who decides', rows([...(one.progress?.factors ?? [{ name: 'route', have: one.votes.length, need: one.quorum, roles: one.route, people: [] }]).map(({ name, have, need, roles, people }) => [name === 'route' ? 'Asked' : word(name), `${orOf([...roles, ...people])}: ${have} of ${need}`] as const),
    ['Not asked', one.requesters.length === 0 ? 'nobody is left out' : `${one.requesters.map(word).join(', ')} (part of the request)`], ['Until', time(one.expiresAt)], ['Run', markup`<a href="/ui/runs/${one.run}">${one.run}</a>`]]))}
${one.ask?.short === undefined || one.status !== 'open' ? null : markup`<p class="alarm" role="alert">Too few people can decide this (${one.ask.short.map(word).join(', ')}). It passes by itself in no case: give somebody the role, or deny it.</p>`}
${glass(one)}
${section('Votes', list(one.votes.map(({ person: by, vote, reason, preApproval }) => markup`<b>${by}</b>: ${vote.replace('_', ' ')}${preApproval === undefined ? null : ', agreed beforehand'}${reason === undefined ? null : words(reason)}`)))}
${section('Questions', list((one.questions ?? []).map(({ person: by, text, at }) => markup`<b>${by}</b>, ${time(at)} ${words(text)}`)))}
</aside></div>`);
};

const glass = ({ glass: broken }: ApprovalView): Markup | null => (broken === undefined ? null : markup`<p class="alarm">${broken.people.map(word).join(' and ')} broke the glass: this went ahead without ${(broken.skipped ?? []).map(({ roles, people, missing }) => `${missing} of ${orOf([...roles, ...people])}`).join(', ') || 'the quorum'}. ${
  broken.reviewed !== null ? `${word(broken.reviewed.person)} says that it was ${broken.reviewed.verdict}.` : markup`Somebody with no part in it has to say whether that was right${broken.reviewDue === undefined ? null : markup`, by ${time(broken.reviewDue)}`}; nobody breaks it again before.`}</p>`);

/** Agreeing beforehand to more of the same, where that can cover anything at all; the browser signs these terms, with what is typed. */
const moreLikeIt = ({ tenant, agent, tool, run, tier, evidence }: ApprovalView, now: number): Markup | null => {
  if (evidence === undefined) return null;
  const targets = evidence.facts['target']?.value, from = Math.floor(now / 1_000), amount = evidence.cost ?? undefined;
  const terms = { tenant, agent, tool, targets: (Array.isArray(targets) ? targets : []) as string[], run, ...(amount !== undefined && { amount }) };
  if (notCovered({ ...terms, ...(amount !== undefined && { sum: amount }), uses: 1, from, until: from + usualPreApproval }, { tenant, agent, tool, run, tier, money: evidence.cost, facts: evidence.facts, failed: evidence.failed }, from * 1_000) !== null) return null;
  return markup`<p><label for="uses">And so many more like it: this agent, tool and target, moving no more, for an hour or the time above</label><input id="uses" name="uses" inputmode="numeric" pattern="[0-9]{1,3}" maxlength="3" data-most="${mostUses}" data-terms="${visibleJson(terms)}"></p>
<p><label for="thisRun"><input type="checkbox" id="thisRun" name="thisRun"> Those in this run only</label></p>`;
};

/** The vote, for those whose vote counts; for everybody else, why theirs would not. Voting forms sign what the page shows. */
const deciding = (one: ApprovalView, now: number): Markup => {
  const { you } = one;
  const signs = markup`data-approval="${one.approval}" data-digest="${one.digest}" data-evidence="${one.evidenceDigest ?? ''}"`;
  const form = (what: string, label: string, more: Markup | null, buttons: Markup): Markup => markup`<form data-vote ${signs}><label for="${what}">${label}</label><textarea id="${what}" name="reason" maxlength="2000" required rows="3"></textarea>
${more}<p class="buttons">${buttons}</p></form>`;
  const may = you === undefined || you.may;
  const { cost } = one, decimals = cost == null ? undefined : decimalsOf(cost.currency);
  const conditions = markup`<details><summary>Under conditions</summary><p><label for="minutes">Good for so many minutes from now</label><input id="minutes" name="minutes" inputmode="numeric" pattern="[0-9]{1,4}" maxlength="4"></p>${
    decimals === undefined ? null : markup`<p><label for="cap">For no more than, ${word(cost!.currency)}</label><input id="cap" name="cap" inputmode="decimal" pattern="[0-9]{1,15}([.][0-9]{1,6})?" maxlength="22" data-currency="${cost!.currency}" data-decimals="${decimals}"></p>`}${moreLikeIt(one, now)}</details>`;
  return markup`<section class="decide" data-live="${one.approval}" data-seen="${one.votes.length}"><h2>Your decision</h2>
${you?.why == null ? null : markup`<p data-why class="${may ? 'alarm' : 'quiet'}">${word(you.why)}</p>`}
${!may ? null : markup`${form('reason', 'Your reason', conditions, markup`<button type="submit" value="approve" class="yes">Approve</button> <button type="submit" value="deny" class="no">Deny</button>`)}
<details><summary>Ask for something else instead</summary><form data-edit ${signs}><label for="edit">What it should be called with, as JSON. Policy judges it anew, every vote is void, and others than you decide about it.</label>
<textarea id="edit" name="arguments" class="code" rows="6" spellcheck="false" required>${visibleJson(one.arguments)}</textarea><label for="edit-reason">Why</label><textarea id="edit-reason" name="why" maxlength="2000" required rows="2"></textarea><p class="buttons"><button type="submit">Ask for this instead</button></p></form></details>
<details><summary>Ask something first</summary><form data-ask ${signs}><label for="question">Your question; it stands on the record, and the clock goes on</label><textarea id="question" name="text" maxlength="2000" required rows="2"></textarea><p class="buttons"><button type="submit">Ask</button></p></form></details>`}
${you?.glass !== true ? null : markup`<details><summary>Nobody can be waited for</summary><p>${one.ask?.breakGlass?.count ?? 2} of ${orOf(one.ask?.breakGlass?.roles ?? [])} together may go ahead without the quorum. Everybody who is left out is told, and nobody does it again before somebody has reviewed it.</p>
${form('glass', 'Why nobody can be waited for', null, markup`<button type="submit" value="break_glass" class="no">Break the glass</button>`)}</details>`}
<p class="quiet">You sign with the key of this browser; nobody else has it.</p></section>`;
};
