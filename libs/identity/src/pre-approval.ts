import { longestPreApproval, mostTargets, mostUses } from '@countersign/kernel';
import type { PreApprovalTerms } from '@countersign/kernel';
import { argumentsDigest, canonicalJson } from './canonical-json.ts';

/** What somebody agrees to beforehand. Everybody who signs the same terms is behind the same pre-approval. */
export interface PreApprovalStatement { readonly sub: string; readonly terms: PreApprovalTerms; readonly reason: string; readonly iat: number }

/** The name of a pre-approval is the digest of its terms: whoever signs them knows what stands under it. */
export const preApprovalId = (terms: PreApprovalTerms): string => `pre_${argumentsDigest(terms)}`;

const members: ReadonlySet<string> = new Set(['tenant', 'agent', 'tool', 'targets', 'run', 'amount', 'sum', 'uses', 'from', 'until']);
const longestTarget = 300;
/** Characters of JSON, so that the signed statement fits where signatures go. */
const longestTerms = 4_096;
const isText = (value: unknown, most = 128): value is string => typeof value === 'string' && value.length > 0 && value.length <= most && value.isWellFormed();
const isCount = (value: unknown, most: number): boolean => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
const isMoney = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  const { minor, currency, ...others } = value as Record<string, unknown>;
  return Number.isSafeInteger(minor) && (minor as number) >= 0 && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) && Object.keys(others).length === 0;
};

/** What a pre-approval lacks; undefined where it says all that it has to, and nothing else. */
export const preApprovalWrong = ({ terms, reason }: Readonly<Record<string, unknown>>): string | undefined => {
  if (!isText(reason, 2_000) || reason.trim() === '') return 'a pre-approval says why';
  if (typeof terms !== 'object' || terms === null || Array.isArray(terms)) return 'a pre-approval has terms';
  const { tenant, agent, tool, targets, run, amount, sum, uses, from, until, ...others } = terms as Record<string, unknown>;
  if (Object.keys(others).length > 0) return `terms are ${[...members].join(', ')}, not ${Object.keys(others).join(', ')}`.slice(0, 200);
  if (![tenant, agent, tool].every((one) => isText(one)) || (run !== undefined && !isText(run))) return 'terms name tenant, agent and tool';
  if (!Array.isArray(targets) || targets.length > mostTargets || !targets.every((one) => isText(one, longestTarget))) return `targets are a list of at most ${mostTargets} texts`;
  if (!isCount(uses, mostUses)) return `uses are a number from 1 to ${mostUses}`;
  if ((amount === undefined) !== (sum === undefined)) return 'an amount for one action and a sum for all go together';
  if (amount !== undefined && (!isMoney(amount) || !isMoney(sum) || (amount as { currency: string }).currency !== (sum as { currency: string }).currency)) return 'amount and sum have minor units and one currency';
  if (!isCount(from, Number.MAX_SAFE_INTEGER) || !isCount(until, Number.MAX_SAFE_INTEGER)) return 'from and until are times in seconds';
  if ((until as number) <= (from as number) || (until as number) - (from as number) > longestPreApproval) return `it lives from one moment to a later one, ${longestPreApproval / 3_600} hours at most`;
  return canonicalJson(terms).length > longestTerms ? `terms have at most ${longestTerms} characters: name fewer targets` : undefined;
};
