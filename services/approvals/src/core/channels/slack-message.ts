import { slack } from '@countersign/kernel';
import { fitting } from './card.ts';
import type { Card, Piece } from './card.ts';

/** Slack's own limits (Block Kit reference): blocks of a message, characters of a section's text, of a header, of a button's value. */
export const slackLimits = { blocks: 50, section: 3_000, header: 150, value: 2_000 } as const;

export type SlackBlock = Readonly<Record<string, unknown>>;
export interface SlackMessage { readonly text: string; readonly blocks: readonly SlackBlock[] }

/** What the recipient may do in Slack itself. `approve` is false above the cap: then only the page approves. */
export interface SlackButtons { /** Names approval and recipient; only ours verify. */ readonly token: string; readonly approve: boolean; /** They approve faster than anybody reads: they do it on the page. */ readonly slow?: boolean; /** Theirs counts only with a reason: they are asked for one. */ readonly reason?: boolean }

const mrkdwn = (text: string): SlackBlock => ({ type: 'section', text: { type: 'mrkdwn', text } });
const note = (text: string): SlackBlock => ({ type: 'context', elements: [{ type: 'plain_text', text, emoji: false }] });
const button = (action: string, label: string, rest: object): SlackBlock => ({ type: 'button', action_id: action, text: { type: 'plain_text', text: label, emoji: false }, ...rest });
/** Others' words: in a code block, where visible JSON has no backtick to end it. */
const quoted = ({ name, value }: Piece): string => `*${slack(name)}*\n\`\`\`${slack(value)}\`\`\``;

const blocksForArguments = 30;
const blocksForRules = 8;

/** A request as a Block Kit message. What does not fit whole is left out and said, and then nothing can be approved here: nobody approves what they were not shown. */
export const slackMessage = (card: Card, buttons: SlackButtons | null): SlackMessage => {
  const oneBlock = (piece: Piece): number | null => (quoted(piece).length <= slackLimits.section ? 1 : null);
  const args = fitting(card.arguments, blocksForArguments, oneBlock);
  const told = fitting(card.instruction === null ? [] : [card.instruction], 1, oneBlock);
  const reason = card.reason === null ? [] : [{ name: 'the agent says', value: card.reason }];
  const words = fitting(reason, 1, oneBlock);
  const rules = fitting(card.rules, blocksForRules, oneBlock);
  const hidden = [
    ...(args.left > 0 ? [`${args.left} of ${card.arguments.length} arguments`] : []), ...(told.left > 0 ? ['what the run was told to do'] : []), ...(words.left > 0 ? ['what the agent says'] : []), ...(rules.left > 0 ? [`${rules.left} rules`] : []),
  ];
  const open = card.state === 'open';
  const approvable = open && buttons?.approve === true && buttons.slow !== true && args.left === 0;
  const blocks: SlackBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: card.headline.slice(0, slackLimits.header), emoji: false } },
    mrkdwn(card.facts.map(({ name, value }) => `*${name}*  ${slack(value)}`).join('\n')),
    ...told.shown.map((piece) => mrkdwn(quoted(piece))),
    ...args.shown.map((piece) => mrkdwn(quoted(piece))),
    ...(words.shown.length === 0 ? [] : [note('Written by the agent. Nobody has checked it.'), ...words.shown.map((piece) => mrkdwn(quoted(piece)))]),
    ...rules.shown.map((piece) => mrkdwn(quoted({ ...piece, name: `rule ${piece.name}` }))),
    ...(hidden.length === 0 ? [] : [note(`Not shown here, for it is too long: ${hidden.join(', ')}. The page has all of it.${open && args.left > 0 ? ' Approve it there.' : ''}`)]),
    ...(open && buttons?.slow === true ? [note('You approve faster than anybody reads, or let bad requests through: look at the evidence on the page and approve it there, with a reason.')] : []),
    ...(card.notice === null ? [] : [mrkdwn(`:warning: ${slack(card.notice)}`)]),
    ...(open && buttons !== null && !buttons.approve && buttons.slow !== true ? [note('Above what may be approved out of Slack: approve it on the page, with your own key.')] : []),
    {
      type: 'actions', elements: [
        ...(!approvable ? [] : buttons.reason === true ? [button(approveWhy, 'Approve…', { value: buttons.token, style: 'primary' })] : [button('approve', 'Approve', { value: buttons.token, style: 'primary', confirm: sure(card) })]),
        ...(open && buttons !== null ? [button('deny', 'Deny', { value: buttons.token, style: 'danger' })] : []),
        button('open', 'Open the page', { url: card.link }),
      ],
    },
  ];
  return { text: slack(card.headline), blocks };
};

/** Names the button that asks why, the modal and its field. */
export const approveWhy = 'approve_why';
const mostReason = 2_000;

const plain = (text: string) => ({ type: 'plain_text' as const, text, emoji: false });
/** The modal that asks why somebody approves, where their approval counts only with a reason. Its type is checked against Slack's own (slack-server.spec.ts). */
export const whyModal = (token: string, about: string) => ({
  type: 'modal' as const, callback_id: approveWhy, private_metadata: token, title: plain('Approve'), submit: plain('Approve'), close: plain('Back'),
  blocks: [
    { type: 'section' as const, text: plain(`${about}. You are one of those who asked for it, and may approve it all the same with a reason, which stands on the record.`.slice(0, slackLimits.section)) },
    { type: 'input' as const, block_id: 'why', label: plain('Why'), element: { type: 'plain_text_input' as const, action_id: 'reason', multiline: true, min_length: 1, max_length: mostReason } },
  ],
});

const sure = (card: Card): SlackBlock => ({
  title: { type: 'plain_text', text: 'Approve?' }, text: { type: 'plain_text', text: `${card.tool} by ${card.agent}`.slice(0, 300), emoji: false },
  confirm: { type: 'plain_text', text: 'Approve' }, deny: { type: 'plain_text', text: 'Back' },
});
