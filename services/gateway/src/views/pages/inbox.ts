import type { ApprovalList, ApprovalView } from '@countersign/contracts';
import { markup, moneyText } from '@countersign/kernel';
import type { Markup } from '@countersign/kernel';
import { page } from './layout.ts';
import { said, timeLeft, word } from './words.ts';

/** How many of the places are filled. */
export const progress = ({ progress: of, quorum, votes }: ApprovalView): { readonly have: number; readonly need: number } =>
  ({ have: of?.have ?? votes.filter(({ vote }) => vote === 'approve').length, need: of?.need ?? quorum });

export const progressBar = (one: ApprovalView): Markup => { const { have, need } = progress(one); return markup`<span class="count"><progress value="${have}" max="${need}"></progress> ${have} of ${need} approved</span>`; };

export const tierBadge = (tier: number): Markup => markup`<span class="tier tier${tier}">Tier ${tier}${tier === 4 ? ', run stopped' : null}</span>`;

/** What it is about, in one line: how much, and at whom. */
export const aim = ({ cost, target = [] }: ApprovalView): Markup | null => (cost == null && target.length === 0 ? null : markup`<p class="aim">${cost == null ? null : markup`<strong class="amount">${word(moneyText(cost))}</strong>`}${target.length === 0 ? null
  : markup` <span class="target">${cost == null ? 'at' : 'to'} ${target.slice(0, mostTargets).map((one, i) => markup`${i === 0 ? null : ', '}<code>${word(one)}</code>`)}${target.length > mostTargets ? ` and ${target.length - mostTargets} more` : null}</span>`}</p>`);
const mostTargets = 3;

/** Who told the agent to do what. */
export const told = ({ agent, instruction, ask }: ApprovalView): Markup => {
  const by = instruction?.by ?? ask?.bound?.instructedBy ?? null;
  return markup`<p class="told">${by === null ? markup`${word(agent)} says that it was told` : markup`${word(by)} told ${word(agent)}`}: ${instruction === undefined ? 'what, is not known here' : instruction.text === null ? 'more than fits here' : said(instruction.text)}${by === null ? markup` <span class="quiet">(nobody signed that)</span>` : null}</p>`;
};

const card = (one: ApprovalView, titleOf: (tool: string) => string | undefined, now: number): Markup => markup`<li class="card${one.you?.may === true ? ' mine' : ''}">
<h3><a href="/ui/approvals/${one.approval}">${word(one.tool)}</a> ${tierBadge(one.tier)}</h3>
<p class="quiet">${titleOf(one.tool) === undefined ? null : `${word(titleOf(one.tool))} · `}asked for by ${word(one.agent)}</p>
${aim(one)}
${told(one)}
<p class="foot">${progressBar(one)} <span>${timeLeft(one.expiresAt, now)}</span></p>
${one.you?.why == null ? null : markup`<p class="quiet">${word(one.you.why)}</p>`}</li>`;

export interface InboxOptions {
  /** What the catalogue calls a tool. */
  readonly titleOf: (tool: string) => string | undefined;
  /** Epoch ms. */
  readonly now: number;
  /** Whether nothing ends sooner than what is on this page. */
  readonly first: boolean;
}

/** A page of what waits: first what waits for whoever looks, then the rest, each with the soonest end first. */
export const inboxPage = (person: string, { approvals, next }: ApprovalList, { titleOf, now, first }: InboxOptions): string => {
  const list = (title: string, those: readonly ApprovalView[], none: string | null): Markup | null => (those.length === 0 && none === null ? null
    : markup`<section><h2>${title}${those.length === 0 ? null : markup` <span class="tally">${those.length}</span>`}</h2>${those.length === 0 ? markup`<p class="empty">${none}</p>` : markup`<ul class="cards">${those.map((one) => card(one, titleOf, now))}</ul>`}</section>`);
  const mine = approvals.filter(({ you }) => you === undefined || you.may), others = approvals.filter(({ you }) => you !== undefined && !you.may);
  const more = next == null ? null : markup`<p class="more"><a href="/ui?after=${encodeURIComponent(next)}" rel="next">What ends later</a></p>`;
  // Only the first page can be kept current: what comes new may stand before any other.
  return page('What waits for people', person, markup`<div ${first ? markup`data-waiting="${waiting(approvals)}"` : null}>
${first ? null : markup`<p class="more"><a href="/ui" rel="first">What ends soonest</a></p>`}
${list('Waits for you', mine, others.length === 0 && first ? 'Nothing waits for anybody. Agents go on with what they may do by themselves.' : 'Nothing waits for you.')}
${list('Waits for others', others, null)}${more}</div>`);
};

/** Changes when anything does that the inbox shows. */
export const waiting = (approvals: readonly ApprovalView[]): string => approvals.map(({ approval, votes }) => `${approval}:${votes.length}`).join(' ').slice(0, 60_000);
