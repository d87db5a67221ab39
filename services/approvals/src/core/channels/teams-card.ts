import { fitting } from './card.ts';
import type { Card, Piece } from './card.ts';

/** Teams takes messages of about 28 KB; what is left is for the envelope. */
export const teamsBytes = 26_000;

const text = (value: string, rest: object = {}): object => ({ type: 'TextBlock', text: value, wrap: true, ...rest });
/** Others' words as text runs: unlike a TextBlock these know no Markdown. */
const quoted = ({ name, value }: Piece): object => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: `${name}  `, weight: 'Bolder' }, { type: 'TextRun', text: value, fontType: 'Monospace' }] });
const bytes = (value: object): number => JSON.stringify(value).length * 3;

/** A request as an Adaptive Card 1.5. It decides nothing itself: its one button opens the page. What does not fit whole is left out and said. */
export const teamsCard = (card: Card): object => {
  const pieces = [...card.arguments, ...(card.instruction === null ? [] : [card.instruction]), ...(card.reason === null ? [] : [{ name: 'the agent says (nobody has checked it)', value: card.reason }]), ...card.rules.map((rule) => ({ ...rule, name: `rule ${rule.name}` }))];
  const { shown, left } = fitting(pieces, teamsBytes - 3_000, (piece) => bytes(quoted(piece)));
  return {
    type: 'AdaptiveCard', $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', version: '1.5', fallbackText: card.headline,
    body: [
      text(card.headline, { size: 'Large', weight: 'Bolder' }),
      ...(card.notice === null ? [] : [text(card.notice, { color: 'Attention' })]),
      { type: 'FactSet', facts: card.facts.map(({ name, value }) => ({ title: name, value })) },
      ...shown.map(quoted),
      ...(left === 0 ? [] : [text(`${left} more are too long to be shown here; the page has all of it.`, { isSubtle: true })]),
    ],
    actions: [{ type: 'Action.OpenUrl', title: card.state === 'open' ? 'Look at it and decide' : 'Open the page', url: card.link }],
  };
};
