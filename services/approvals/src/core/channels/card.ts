import { moneyText, visibleJson } from '@countersign/kernel';
import { moneyOf } from '../channel-votes.ts';
import type { Question, Resolution } from '../events.ts';
import type { Approval } from '../state.ts';

/** One argument or other piece of others' words: `value` is visible JSON, whole. */
export interface Piece { readonly name: string; readonly value: string }

/** A request as every channel shows it. Whatever the agent or a stranger wrote is visible JSON (kernel: inert-text); ids have patterns of their own. */
export interface Card {
  readonly approval: string;
  /** Version of the approval's stream that this shows. */
  readonly version: number;
  readonly run: string;
  readonly agent: string;
  readonly tool: string;
  readonly tier: number;
  readonly state: 'open' | Resolution;
  readonly headline: string;
  /** What somebody has to be told beside what they are asked: nobody is left to ask, or it went ahead without those who were. */
  readonly notice: string | null;
  /** What we know: label and text of ours. */
  readonly facts: readonly Piece[];
  /** What the tool would be called with, as it would be called. */
  readonly arguments: readonly Piece[];
  /** Why the agent says it wants this: nobody has checked it. */
  readonly reason: string | null;
  /** What the run was told to do, and in its name who signed that. */
  readonly instruction: Piece | null;
  readonly rules: readonly Piece[];
  /** Page with all of it, where one votes with one's own key. */
  readonly link: string;
}

const until = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 16) + ' UTC';

/** @param pages origin of the gateway's pages */
export const cardOf = (state: Exclude<Approval, { status: 'none' }>, version: number, pages: string): Card => {
  const { question, votes } = state;
  const { evidence } = question;
  const money = moneyOf(evidence);
  const ended = state.status === 'closed' ? state.resolution : 'open';
  return {
    approval: question.approval, version, run: question.run, agent: question.agent, tool: question.tool, tier: question.tier, state: ended,
    headline: ended === 'open' ? `${question.agent} asks for ${question.tool}` : `${ended}: ${question.agent}, ${question.tool}`,
    notice: noticeOf(state),
    facts: [
      { name: 'Tier', value: `${question.tier}${question.tier === 4 ? ' (the run is stopped until somebody senior decides)' : ''}` },
      ...(money === null ? [] : [{ name: 'Amount', value: amount(money) }]),
      ...targetOf(evidence),
      { name: 'Votes', value: votesLine(question, votes.map(({ vote }) => vote)) },
      { name: 'Expires', value: until(question.expiresAt) },
      { name: 'Run', value: question.run },
    ],
    arguments: Object.entries(evidence.arguments).map(([name, value]) => ({ name: word(name), value: visibleJson(value) })),
    reason: evidence.reason === null ? null : visibleJson(evidence.reason),
    instruction: evidence.instruction === undefined ? null : { name: evidence.instruction.by === null ? 'told to (nobody signed it)' : `told to by ${word(evidence.instruction.by)}`, value: visibleJson(evidence.instruction.text) },
    rules: evidence.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => ({ name: word(rule.id), value: visibleJson(rule.reason) })),
    link: `${pages}/ui/approvals/${question.approval}`,
  };
};

const noticeOf = ({ glass, question: { ask }, status }: Exclude<Approval, { status: 'none' }>): string | null => {
  if (glass !== undefined) return `${glass.people.join(' and ')} broke the glass: this went ahead without those who were asked. ${glass.reviewed === null ? 'Somebody who had no part in it has to review that: countersign review-glass.' : `${glass.reviewed.person} says that it was ${glass.reviewed.verdict}.`}`;
  return status === 'open' && ask.short !== undefined ? `Too few people can decide this (${ask.short.map(word).join(', ')}): give somebody the role, or deny it. It passes by itself in no case.` : null;
};

/** At whom it is aimed, where that can be said in plain words; the arguments have it in any case. */
const targetOf = ({ facts }: Question['evidence']): readonly Piece[] => {
  const targets = facts['target']?.value;
  return Array.isArray(targets) && targets.length > 0 && targets.length <= 3 && targets.every((one) => typeof one === 'string' && /^[A-Za-z0-9][\w.:@-]{0,63}$/.test(one)) ? [{ name: 'Target', value: targets.join(', ') }] : [];
};

/** A name that is a plain word as it is; anything else as visible JSON. */
const word = (name: string): string => (/^[\w.:-]{1,64}$/.test(name) ? name : visibleJson(name));
const amount = ({ minor, currency }: { readonly minor: number; readonly currency: string }): string => (currency === '' ? `${minor} minor units of a currency that nobody named` : moneyText({ minor, currency: word(currency) }));
const votesLine = (question: Question, votes: readonly { readonly person: string; readonly vote: string }[]): string =>
  `${votes.filter(({ vote }) => vote === 'approve').length} of ${question.ask.quorum}${votes.length === 0 ? '' : ` (${votes.slice(0, 8).map(({ person, vote }) => `${person}: ${vote}`).join(', ')}${votes.length > 8 ? ', …' : ''})`}`;

/** Takes whole pieces while they fit; what does not fit is left out whole and counted, never cut. @param size of one piece as the surface writes it; null: it fits nowhere */
export const fitting = (pieces: readonly Piece[], room: number, size: (piece: Piece) => number | null): { readonly shown: readonly Piece[]; readonly left: number } => {
  const shown: Piece[] = [];
  let used = 0;
  for (const piece of pieces) {
    const takes = size(piece);
    if (takes === null || used + takes > room) continue;
    used += takes;
    shown.push(piece);
  }
  return { shown, left: pieces.length - shown.length };
};
