import type { Finding } from '@countersign/contracts';

export type Impact = Finding['impact'];
const impacts: readonly Impact[] = ['low', 'medium', 'high', 'critical'];

/** What the catalogue and the decision say of one action; undefined where policy recorded no such fact. */
export interface Consequence {
  readonly consequential: boolean;
  readonly reversible: boolean | undefined;
  /** Data classes that the tool touches. */
  readonly dataClasses: number;
  /** Tier of the decision. */
  readonly tier: number;
  /** Whether it changes what a marked part of the system graph depends on. */
  readonly marked: boolean;
}

/**
 * The most an action could do. A read is low, a change that can be taken back medium, one that cannot high; touching declared data or
 * a marked system is one step worse; what rules let nobody do without people (tier 3 and 4) is at least high, then critical.
 */
export const impactOf = ({ consequential, reversible, dataClasses, tier, marked }: Consequence): Impact => {
  const own = consequential ? (reversible === false ? 2 : 1) : 0;
  const raised = own + (dataClasses > 0 ? 1 : 0) + (marked ? 1 : 0);
  return impacts[Math.min(3, Math.max(raised, tier - 1 >= 2 ? tier - 1 : 0))]!;
};

/** The worse of two. */
export const worse = (a: Impact, b: Impact): Impact => (impacts.indexOf(a) >= impacts.indexOf(b) ? a : b);

/** 1 (low) to 4 (critical), as OCSF counts. */
export const impactNumber = (impact: Impact): number => impacts.indexOf(impact) + 1;
