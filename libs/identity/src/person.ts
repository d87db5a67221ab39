import { sha256Text } from './bytes.ts';
import { signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './keys.ts';
import { preApprovalWrong } from './pre-approval.ts';
import type { PreApprovalStatement } from './pre-approval.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';
import { checkValidity, haveTexts, maxClockSkewMs } from './validity.ts';

/** A person's vote on one approval; `digest` commits to what is asked, `evidence` to what was shown with it. iat in seconds, as below. */
export interface VoteStatement { readonly sub: string; readonly approval: string; readonly digest: string; readonly evidence?: string; readonly vote: 'approve' | 'deny' | 'break_glass'; readonly reason: string; readonly conditions?: VoteConditions; readonly iat: number }
/** An approval that holds only until then (epoch seconds) and only for what moves no more than the cap. */
export interface VoteConditions { readonly until?: number; readonly cap?: { readonly minor: number; readonly currency: string } }
/** What somebody who was asked wants instead; `arguments` is argumentsDigest of it. */
export interface EditStatement { readonly sub: string; readonly approval: string; readonly digest: string; readonly arguments: string; readonly reason: string; readonly iat: number }
/** Somebody is away from `from` to `until` (epoch seconds) and names who stands in for them. */
export interface StandInStatement { readonly sub: string; readonly tenant: string; readonly to: string; readonly reason: string; readonly from: number; readonly until: number; readonly iat: number }
/** Whether breaking the glass was right, by somebody who had no part in it. */
export interface GlassReviewStatement { readonly sub: string; readonly tenant: string; readonly approval: string; readonly verdict: 'right' | 'wrong'; readonly reason: string; readonly iat: number }
/** A question about an approval by somebody who was asked to decide it. */
export interface QuestionStatement { readonly sub: string; readonly approval: string; readonly digest: string; readonly text: string; readonly iat: number }
/** A person's instruction for one run; `instruction` is instructionDigest of its text. */
export interface InstructionStatement { readonly sub: string; readonly run: string; readonly instruction: string; readonly agent: string; readonly tenant: string; readonly iat: number }
/** A person presenting themselves to a service; jti used once. */
export interface LoginStatement { readonly sub: string; readonly aud: string; readonly iat: number; readonly exp: number; readonly jti: string }

/** A person's authorship of one version of a rule bundle; `digest` commits to its files. */
export interface BundleStatement { readonly sub: string; readonly tenant: string; readonly bundle: string; readonly version: string; readonly digest: string; readonly iat: number }
/**
 * A person's order to put a version into force as the activation of this number, the next after `base` (digest of what is active now).
 * `percent` of a canary, else 0; withdraw names the version that stands beside.
 */
export interface BundleOrderStatement extends BundleStatement { readonly base: string; readonly activation: number; readonly purpose: 'activate' | 'rollback' | 'shadow' | 'canary' | 'withdraw'; readonly percent: number }
/** A second person's signature under one such activation; `counterexample` is the digest of what is loosened, as it was shown. */
export interface BundleReviewStatement extends BundleStatement { readonly base: string; readonly activation: number; readonly counterexample: string; readonly reason: string }
/** A second person's signature under a change of a tool: from one definition's digest to another's. */
export interface ToolReviewStatement { readonly sub: string; readonly tenant: string; readonly tool: string; readonly definition: string; readonly replaces: string; readonly reason: string; readonly iat: number }

/** A second person's signature under a change of the system graph; `change` is the digest that the registry showed. */
export interface GraphReviewStatement { readonly sub: string; readonly tenant: string; readonly change: string; readonly reason: string; readonly iat: number }

/** A second person's signature under a change request; `digest` commits to its subject, to what that was and to all that would be. */
export interface ChangeReviewStatement { readonly sub: string; readonly tenant: string; readonly change: string; readonly digest: string; readonly reason: string; readonly iat: number }

/** A person's verdict on something that an agent did by itself, given without knowing what was decided or came of it; `digest` commits to what was shown. */
export interface ReviewStatement { readonly sub: string; readonly tenant: string; readonly run: string; readonly action: string; readonly digest: string; readonly verdict: 'right' | 'wrong'; readonly reason: string; readonly iat: number }

/** An analyst's word on a finding of anomaly detection; `digest` commits to the finding as it was shown. */
export interface DispositionStatement { readonly sub: string; readonly tenant: string; readonly finding: string; readonly digest: string; readonly verdict: 'true' | 'false' | 'expected'; readonly reason: string; readonly iat: number }

/** A person lets one step of a playbook at work be done; `digest` commits to the playbook and to what was done before, as it was shown. */
export interface PlaybookStepStatement { readonly sub: string; readonly tenant: string; readonly playbook: string; readonly step: string; readonly digest: string; readonly reason: string; readonly iat: number }

/** A fact that somebody owes a deferred action; `value` is argumentsDigest of it. */
export interface FactStatement { readonly sub: string; readonly tenant: string; readonly run: string; readonly action: string; readonly fact: string; readonly value: string; readonly iat: number }

/** A person lets an account of a channel vote in their name: `key` is the channel's public key (x), minor and currency the cap on what it may move (null: nothing). */
export interface ChannelLinkStatement { readonly sub: string; readonly tenant: string; readonly channel: string; readonly account: string; readonly key: string; readonly minor: number | null; readonly currency: string | null; readonly iat: number; readonly exp: number }
/** A person adds a key of theirs (a browser's), or takes one away. */
export interface PersonKeyStatement { readonly sub: string; readonly tenant: string; readonly purpose: 'add' | 'remove'; readonly kid: string; readonly x: string; readonly iat: number }

export interface PersonStatements {
  readonly disposition: DispositionStatement; readonly 'playbook-step': PlaybookStepStatement;
  readonly 'channel-link': ChannelLinkStatement; readonly 'person-key': PersonKeyStatement;
  readonly fact: FactStatement; readonly vote: VoteStatement; readonly 'pre-approval': PreApprovalStatement; readonly question: QuestionStatement; readonly edit: EditStatement; readonly 'stand-in': StandInStatement; readonly 'glass-review': GlassReviewStatement; readonly review: ReviewStatement; readonly instruction: InstructionStatement; readonly login: LoginStatement;
  readonly bundle: BundleStatement; readonly 'bundle-order': BundleOrderStatement; readonly 'bundle-review': BundleReviewStatement; readonly 'tool-review': ToolReviewStatement; readonly 'graph-review': GraphReviewStatement; readonly 'change-review': ChangeReviewStatement;
}

const bundleTexts = ['sub', 'tenant', 'bundle', 'version', 'digest'] as const;
const kinds = {
  vote: { typ: 'countersign-vote+jwt', texts: ['sub', 'approval', 'digest'] },
  'pre-approval': { typ: 'countersign-pre-approval+jwt', texts: ['sub', 'reason'] },
  edit: { typ: 'countersign-edit+jwt', texts: ['sub', 'approval', 'digest', 'arguments', 'reason'] },
  'stand-in': { typ: 'countersign-stand-in+jwt', texts: ['sub', 'tenant', 'to', 'reason'] },
  'glass-review': { typ: 'countersign-glass-review+jwt', texts: ['sub', 'tenant', 'approval', 'reason'] },
  question: { typ: 'countersign-question+jwt', texts: ['sub', 'approval', 'digest', 'text'] },
  instruction: { typ: 'countersign-instruction+jwt', texts: ['sub', 'run', 'instruction', 'agent', 'tenant'] },
  review: { typ: 'countersign-review+jwt', texts: ['sub', 'tenant', 'run', 'action', 'digest', 'reason'] },
  disposition: { typ: 'countersign-disposition+jwt', texts: ['sub', 'tenant', 'finding', 'digest', 'verdict', 'reason'] },
  'playbook-step': { typ: 'countersign-playbook-step+jwt', texts: ['sub', 'tenant', 'playbook', 'step', 'digest', 'reason'] },
  fact: { typ: 'countersign-fact+jwt', texts: ['sub', 'tenant', 'run', 'action', 'fact', 'value'] },
  login: { typ: 'countersign-person+jwt', texts: ['sub', 'aud', 'jti'] },
  'channel-link': { typ: 'countersign-channel-link+jwt', texts: ['sub', 'tenant', 'channel', 'account', 'key'] },
  'person-key': { typ: 'countersign-person-key+jwt', texts: ['sub', 'tenant', 'purpose', 'kid', 'x'] },
  bundle: { typ: 'countersign-bundle+jwt', texts: bundleTexts },
  'bundle-order': { typ: 'countersign-bundle-order+jwt', texts: [...bundleTexts, 'base', 'purpose'] },
  'bundle-review': { typ: 'countersign-bundle-review+jwt', texts: [...bundleTexts, 'base', 'counterexample', 'reason'] },
  'change-review': { typ: 'countersign-change-review+jwt', texts: ['sub', 'tenant', 'change', 'digest', 'reason'] },
  'graph-review': { typ: 'countersign-graph-review+jwt', texts: ['sub', 'tenant', 'change', 'reason'] },
  'tool-review': { typ: 'countersign-tool-review+jwt', texts: ['sub', 'tenant', 'tool', 'definition', 'replaces', 'reason'] },
} as const;

const verdicts: readonly unknown[] = ['true', 'false', 'expected'];
const purposes: readonly unknown[] = ['activate', 'rollback', 'shadow', 'canary', 'withdraw'];
const isCount = (value: unknown, from: number, to = Number.MAX_SAFE_INTEGER): boolean => Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
const isCap = ({ minor, currency }: Readonly<Record<string, unknown>>): boolean => (minor === null && currency === null) || (isCount(minor, 0) && typeof currency === 'string' && /^[A-Z]{3}$/.test(currency));
/** What a bundle's order or review lacks; a canary takes 1 to 100 percent, everything else none. */
const bundleFault = (kind: string, p: Readonly<Record<string, unknown>>): string | undefined => {
  if (kind !== 'bundle-order' && kind !== 'bundle-review') return undefined;
  if (!isCount(p['activation'], 1)) return 'the activation is a whole number from 1';
  if (kind === 'bundle-review') return undefined;
  if (!purposes.includes(p['purpose'])) return `the purpose is one of ${purposes.join(', ')}`;
  return p['purpose'] === 'canary' ? (isCount(p['percent'], 1, 100) ? undefined : 'a canary takes 1 to 100 percent') : p['percent'] === 0 ? undefined : 'only a canary has a percentage';
};

/** What a vote lacks: what it does not say clearly it does not say. */
const voteWrong = (p: Readonly<Record<string, unknown>>): string | undefined => {
  if (!['approve', 'deny', 'break_glass'].includes(p['vote'] as string) || typeof p['reason'] !== 'string') return 'a vote is approve, deny or break_glass, with a reason';
  if (p['evidence'] !== undefined && typeof p['evidence'] !== 'string') return 'the evidence is named by its digest';
  const conditions = p['conditions'];
  if (conditions === undefined) return undefined;
  if (typeof conditions !== 'object' || conditions === null || p['vote'] !== 'approve') return 'conditions belong to an approval';
  const { until, cap, ...others } = conditions as { until?: unknown; cap?: { minor?: unknown; currency?: unknown } };
  if (Object.keys(others).length > 0) return `conditions are until and cap, not ${Object.keys(others).join(', ')}`.slice(0, 200);
  if (until !== undefined && !isCount(until, 1)) return 'until is a time in seconds';
  return cap === undefined || (typeof cap === 'object' && cap !== null && isCount(cap.minor, 0) && /^[A-Z]{3}$/.test(String(cap.currency))) ? undefined : 'a cap has minor units and a currency';
};

/** Longest that somebody stands in for somebody else, seconds. */
const longestStandIn = 90 * 86_400;
const standInWrong = (p: Readonly<Record<string, unknown>>): string | undefined =>
  (isCount(p['from'], 1) && isCount(p['until'], 1) && (p['from'] as number) < (p['until'] as number) && (p['until'] as number) - (p['from'] as number) <= longestStandIn ? undefined : 'somebody stands in from one moment to a later one, 90 days at most');

/** base64url SHA-256 of the instruction's UTF-8 text. */
export const instructionDigest = (text: string): string => sha256Text(text);

/** A compact JWS with the person's own key: a stolen service key cannot make one. */
export const signPersonStatement = <K extends keyof PersonStatements>(kind: K, payload: PersonStatements[K], key: SigningKey): string => signJws(kinds[kind].typ, payload, key);

export interface PersonCheck {
  /** Milliseconds. */
  readonly now: number;
  /** Whose keys `keys` are. */
  readonly person: string;
  /** For a login: who it must be for. */
  readonly audience?: string;
}

/**
 * Verifies a statement with the keys of one person. Only a login expires by itself; who acts on another statement checks what it names.
 * Codes: bad_token, unknown_key, bad_signature, wrong_person, wrong_audience, expired, not_yet_valid.
 */
export const verifyPersonStatement = <K extends keyof PersonStatements>(kind: K, jws: string, keys: KeySet, check: PersonCheck): Checked<{ readonly statement: PersonStatements[K]; readonly kid: string }> => {
  const verified = verifyJws(kinds[kind].typ, jws, keys);
  if (!verified.ok) return verified;
  const p = verified.payload;
  if (!haveTexts(p, kinds[kind].texts) || !Number.isSafeInteger(p['iat'])) return refuse('bad_token', 'a member of the statement is missing or of the wrong type');
  if (p['sub'] !== check.person) return refuse('wrong_person', 'the statement names another person than the owner of the key');
  const wrong = kind === 'vote' ? voteWrong(p) : kind === 'stand-in' ? standInWrong(p) : kind === 'pre-approval' ? preApprovalWrong(p) : undefined;
  if (wrong !== undefined) return refuse('bad_token', wrong);
  if ((kind === 'review' || kind === 'glass-review') && p['verdict'] !== 'right' && p['verdict'] !== 'wrong') return refuse('bad_token', 'a verdict is right or wrong');
  if (kind === 'channel-link' && !isCap(p)) return refuse('bad_token', 'the cap of a link is minor units with a currency, or null and null');
  if (kind === 'person-key' && p['purpose'] !== 'add' && p['purpose'] !== 'remove') return refuse('bad_token', 'a key is added or removed');
  if (kind === 'disposition' && !verdicts.includes(p['verdict'])) return refuse('bad_token', `a disposition is one of ${verdicts.join(', ')}`);
  const lacks = bundleFault(kind, p);
  if (lacks !== undefined) return refuse('bad_token', lacks);
  if (kind === 'login') {
    if (check.audience === undefined || p['aud'] !== check.audience) return refuse('wrong_audience', 'the statement is for another audience');
    const timing = checkValidity(p['iat'], p['exp'], check.now);
    if (timing !== undefined) return timing;
  } else if ((p['iat'] as number) * 1000 > check.now + maxClockSkewMs) return refuse('not_yet_valid', 'signed in the future: check the clocks');
  return { ok: true, statement: p as unknown as PersonStatements[K], kid: verified.kid };
};
