import type { Contribution } from '../score.ts';
import type { Contribution as Told } from '@countersign/contracts';
import type { Shift } from '../mix-drift.ts';
import type { Acted } from './stretch.ts';

const many = (value: number): string => (Number.isInteger(value) ? String(value) : value >= 10 ? value.toFixed(0) : value.toPrecision(2));
const chance = (value: number): string => (value >= 0.01 ? `${(value * 100).toFixed(0)} %` : value > 0 ? value.toExponential(0) : '0');

/** What each feature saw, in words: of the action, compared with what this agent usually does. */
const said: Readonly<Record<Contribution['feature'], (part: Contribution, action: Acted) => string>> = {
  volume: ({ observed, expected }) => `${many(observed)} actions or runs at once where ${many(expected)} are usual`,
  silence: ({ expected }) => `acts again after a silence in which ${many(expected)} runs were to be expected`,
  timing: ({ expected }) => `acts at an hour at which, and at quieter ones, ${chance(expected)} of its work is done`,
  tool: ({ expected }, { tool }) => `hardly ever uses ${tool} (expected ${chance(expected)})`,
  content: ({ expected }, { tool }) => `strangers' text goes into ${tool} (expected ${chance(expected)})`,
  sequence: ({ expected }, { tool }) => `${tool} hardly ever comes after what came before (expected ${chance(expected)})`,
  target: ({ observed, expected }, { tool }) => `${tool} goes to ${observed > 1 ? `${many(observed)} targets` : 'a target'} it never used (expected ${chance(expected)})`,
  provenance: ({ expected }, { tool, trust, from }) => `the target of ${tool} was read ${trust === 'nowhere' ? 'nowhere' : `in ${trust.replaceAll('_', ' ')} text`}${from === null ? '' : ` returned by ${from}`} (expected ${chance(expected)})`,
  flow: ({ expected }, { tool, from }) => `what ${from ?? 'another tool'} returned goes into ${tool} (expected ${chance(expected)})`,
  asked: ({ expected }, { tool }) => `nobody asked for ${tool} (expected ${chance(expected)})`,
  mix: ({ observed, expected }) => `uses its tools in another mix than before (${chance(observed)} against ${chance(expected)})`,
  tokens: ({ observed, expected }) => `${many(observed)} tokens where ${many(expected)} are usual`,
  cost: ({ observed, expected }) => `costs ${many(observed)} where ${many(expected)} is usual`,
  errors: ({ observed, expected }) => `${chance(observed)} of what it did lately failed, where ${chance(expected)} is usual`,
  refusals: ({ observed, expected }) => `${many(observed)} refusals where ${many(expected)} are usual`,
};

const longest = 500;

/** What became of some tools' share of an agent's work. */
export const shiftOf = ({ tools, observed, expected, nats }: Shift): Told => ({
  feature: 'mix', nats, observed, expected, peerShare: null,
  text: `${tools.length === 0 ? 'other tools' : tools.join(' or ')}: ${chance(observed)} of what it does lately, where ${chance(expected)} was usual`.slice(0, longest),
});

/** One sentence about one part of a score. */
export const inWords = (part: Contribution, action: Acted): string => {
  const peers = part.peerShare === null ? '' : part.peerShare === 0 ? '; no peer does that' : `; ${chance(part.peerShare)} of what its peers do is like that`;
  return `${said[part.feature](part, action)}${peers}`.slice(0, longest);
};
