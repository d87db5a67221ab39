import type { CheckedEvidence, Json } from '@countersign/contracts';
import type { Value } from '../cel/value.ts';

/** The evidence of a proposal, and what it must be about: the digest of its arguments, base64url. */
export interface Evidence { readonly items: readonly CheckedEvidence[]; readonly digest: string }

/** What the evidence facts say where none was sent. */
export const noEvidence: Readonly<Record<string, Json>> = {
  'evidence.present': false, 'evidence.verified': false, 'evidence.passed': false, 'evidence.by': [], 'evidence.types': [],
  'evidence.tested': [], 'evidence.found': [], 'evidence.fixed': [], 'evidence.open': [], 'evidence.refused': [],
};

const skewMs = 5 * 60_000;
const mostReasons = 4;

/**
 * What signed evidence says about one action. It counts where its signature holds, one of its subjects is this very call (the tool's name with
 * the digest of the arguments) or an artefact that the tool's extractor `artefact` names, and it was made no longer ago than `maxAgeMs`.
 * What does not count is named in `evidence.refused` and says nothing else.
 */
export const evidenceFacts = ({ items, digest }: Evidence, tool: string, artefact: Value | undefined, now: number, maxAgeMs: number): Readonly<Record<string, Json>> => {
  const about = new Set([`${tool}@${digest}`, ...(Array.isArray(artefact) ? artefact as readonly Value[] : [artefact]).filter((one): one is string => typeof one === 'string' && one !== '')]);
  const counted: CheckedEvidence[] = [];
  const refused: string[] = [];
  for (const item of items) {
    const why = item.why ?? faultOf(item, about, now, maxAgeMs);
    if (why === null) counted.push(item);
    else refused.push(why);
  }
  const all = (field: 'tested' | 'found' | 'fixed'): string[] => [...new Set(counted.flatMap((item) => item[field]))];
  const fixed = all('fixed');
  return {
    'evidence.present': items.length > 0, 'evidence.verified': counted.length > 0, 'evidence.passed': counted.length > 0 && counted.every(({ result }) => result === 'passed'),
    'evidence.by': [...new Set(counted.map(({ by }) => by!))], 'evidence.types': [...new Set(counted.map(({ type }) => type!))],
    'evidence.tested': all('tested'), 'evidence.found': all('found'), 'evidence.fixed': fixed, 'evidence.open': all('found').filter((one) => !fixed.includes(one)),
    'evidence.refused': refused.slice(0, mostReasons),
  };
};

const faultOf = (item: CheckedEvidence, about: ReadonlySet<string>, now: number, maxAgeMs: number): string | null => {
  if (!item.subjects.some((subject) => about.has(subject))) return 'it is about something else';
  if (item.madeAt === null) return 'it does not say when it was made';
  if (item.madeAt > now + skewMs) return 'it was made in the future';
  return now - item.madeAt > maxAgeMs ? 'it is too old' : null;
};
