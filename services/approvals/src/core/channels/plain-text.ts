import { fitting } from './card.ts';
import type { Card } from './card.ts';

/** A request as plain text, for tickets and mail. `whole`: every argument stands in it; who was shown less approves nothing by it. */
export const plainText = (card: Card, most: number): { readonly text: string; readonly whole: boolean } => {
  const line = ({ name, value }: { readonly name: string; readonly value: string }): string => `${name}: ${value}`;
  const length = (piece: { readonly name: string; readonly value: string }): number => line(piece).length + 3;
  const fixed = 2_000 + card.facts.reduce((sum, fact) => sum + length(fact), 0);
  const args = fitting(card.arguments, Math.max(0, most - fixed) * 0.75, length);
  const words = fitting([...(card.instruction === null ? [] : [card.instruction]), ...(card.reason === null ? [] : [{ name: 'The agent says (nobody has checked it)', value: card.reason }]), ...card.rules.map((rule) => ({ ...rule, name: `Rule ${rule.name}` }))], Math.max(0, most - fixed) * 0.25, length);
  const hidden = args.left + words.left;
  return {
    whole: args.left === 0,
    text: [
      card.headline, '', ...(card.notice === null ? [] : [card.notice, '']), ...card.facts.map(line), '', 'It would be called with', ...args.shown.map((piece) => `  ${line(piece)}`), '', ...words.shown.map(line),
      ...(hidden === 0 ? [] : [`${hidden} more are too long to be shown here.${args.left > 0 ? ' This can be approved on the page only.' : ''}`]), '', `All of it: ${card.link}`,
    ].join('\n'),
  };
};
