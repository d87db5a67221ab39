import type { Contribution, Finding } from '@countersign/contracts';
import type { Impact } from './impact.ts';
import { confidenceOf, severityOf } from './severity.ts';
import { techniquesOf } from './techniques.ts';

/** What is known of one odd stretch at the moment of telling. */
export interface Evidence {
  /** One for each feature that says anything; they are the score. */
  readonly contributions: readonly Contribution[];
  readonly pValue: number;
  readonly eValue: number;
  readonly kind: Finding['kind'];
  readonly impact: Impact;
  readonly consequential: boolean;
  /** The actions it rests on, the last one last, and when the first of them was. */
  readonly events: readonly string[];
  readonly since: number;
}

export interface Subject { readonly tenant: string; readonly agent: string; readonly run: string | null; readonly at: number }

const mostEvents = 256;
const longestExplanation = 4000;

/** The score of a finding: exactly the sum of its contributions, added in the order in which they are shown. */
export const scoreOf = (contributions: readonly Contribution[]): number => contributions.reduce((sum, { nats }) => sum + nats, 0);

/** Largest first; the name decides between equals, so that a replay writes the same bytes. */
const ordered = (contributions: readonly Contribution[]): readonly Contribution[] =>
  [...contributions].sort((a, b) => b.nats - a.nats || (a.feature < b.feature ? -1 : 1));

const rarely = (pValue: number): string => (pValue >= 0.1 ? 'hardly out of the ordinary' : `seen by chance in one of ${Math.round(1 / Math.max(pValue, 1e-9)).toLocaleString('en')} runs`);

const opening: Readonly<Record<Finding['kind'], string>> = {
  behaviour: '',
  drift: 'What it does has changed for good, without a sign that anybody steers it. If that is meant, ask the registry for a new baseline, which a second person reviews, or dispose of this as expected. ',
  spread: 'Several agents do the same that none of their peers ever did. ',
  overflow: '',
};

/** What people read: the oddities that carry it, then how rare it is and what it could do. */
const explain = ({ kind, pValue, impact }: Evidence, contributions: readonly Contribution[]): string => {
  const said = contributions.filter(({ nats }) => nats > 0).map(({ text }) => text);
  return `${opening[kind]}${said.length === 0 ? 'nothing stands out by itself' : said.join('; ')}. Together ${rarely(pValue)}; what was done could have ${impact} impact.`.slice(0, longestExplanation);
};

/** Makes a finding of evidence. Pure: the same evidence gives the same bytes. */
export const findingOf = (finding: string, subject: Subject, evidence: Evidence, repeats = 0): Finding => {
  const contributions = ordered(evidence.contributions);
  const confidence = confidenceOf(evidence.eValue);
  return {
    finding, tenant: subject.tenant, agent: subject.agent, run: subject.run, kind: evidence.kind,
    severity: severityOf(evidence.impact, confidence), impact: evidence.impact, confidence, pValue: evidence.pValue, score: scoreOf(contributions), contributions,
    explanation: explain(evidence, contributions),
    techniques: evidence.kind === 'drift' ? ['AML.T0081'] : techniquesOf(contributions, evidence.consequential),
    // Both ways two people have to agree before what was odd becomes usual.
    ...(evidence.kind === 'drift' && { proposes: { subject: { kind: 'agent', id: subject.agent }, after: { baseline: finding } } }),
    events: evidence.events.slice(-mostEvents), repeats, since: evidence.since, at: subject.at,
  };
};
