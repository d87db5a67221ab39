/** What a rule is about; the tier matrix has a line for each. */
export const dimensions = ['money', 'records', 'sensitivity', 'reversibility', 'regulation', 'blast', 'confidence'] as const;
export type Dimension = (typeof dimensions)[number];
