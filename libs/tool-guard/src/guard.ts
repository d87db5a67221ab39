import type { GrantClaims } from '@countersign/contracts';
import type { HotState } from '@countersign/hot-state';
import { argumentsDigest, lengthPrefixed, serviceOfKey, sha256Text, verifyClaim, verifyGrant, verifySessionProof } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { seniorHaltId } from '@countersign/kernel';
import type { HaltView } from './halt-set.ts';
import type { RevocationView } from './revocation-set.ts';
import { guardRefusal } from './refusal.ts';
import type { GuardRefusal } from './refusal.ts';

export interface ToolGuardOptions {
  /** What the grants for this tool server name as `aud`. */
  readonly audience: string;
  /** Public keys of policy and supervision. */
  readonly jwks: KeySet;
  /** Shared by all instances of the audience: single use is kept here. */
  readonly store: HotState;
  readonly halts: HaltView;
  /** What was revoked (createRevocationView). Without it, grants of a revoked session work for the seconds they live; claims are refused in any case. */
  readonly revocations?: RevocationView;
  /** Milliseconds. */
  readonly now: () => number;
  /** Whether the caller must show that it holds the session key the grant names. Default true; false makes a grant a bearer thing. */
  readonly requireSessionProof?: boolean;
  /** Refuses grants that were given in observe mode, where rules may have said no. Default false: observing blocks nothing. */
  readonly refuseObserved?: boolean;
  /** Services whose keys sign grants and claims. Default policy and supervision. */
  readonly signers?: { readonly grants: string; readonly claims: string };
}

export interface GuardedCall {
  readonly grant: string;
  readonly claim?: string | undefined;
  readonly sessionProof?: string | undefined;
  readonly tool: string;
  /** What the tool is about to be called with, parsed. */
  readonly arguments: unknown;
  /** Definition hash of the tool as this server has it; compared if given. */
  readonly definition?: string | undefined;
}

export interface ToolGuard {
  /** Everything is checked before single use is consumed; every doubt refuses. Never throws for what the caller sent. */
  check(call: GuardedCall): Promise<{ readonly ok: true; readonly claims: GrantClaims } | GuardRefusal>;
}

export const createToolGuard = (options: ToolGuardOptions): ToolGuard => {
  const { audience, jwks, store, halts, revocations, now } = options;
  const signers = options.signers ?? { grants: 'policy', claims: 'supervision' };

  const checkClaim = (call: GuardedCall, claims: GrantClaims): GuardRefusal | undefined => {
    if (!claims.claim) return undefined;
    if (call.claim === undefined || call.claim === '') return guardRefusal('claim_required', 'this grant needs a claim: get one from supervision (POST /claims) right before the call');
    const claim = verifyClaim(call.claim, jwks, { now: now(), audience });
    if (!claim.ok) return guardRefusal(claim.code === 'expired' ? 'claim_expired' : claim.code, `claim: ${claim.detail}`);
    if (serviceOfKey(claim.kid) !== signers.claims) return guardRefusal('wrong_signer', `claims are signed by ${signers.claims}`);
    const c = claim.claims;
    return c.grant === claims.jti && c.tenant === claims.tenant && c.run === claims.run && c.action === claims.action ? undefined : guardRefusal('claim_mismatch', 'the claim is for another grant');
  };

  const checkSession = (call: GuardedCall, claims: GrantClaims): GuardRefusal | undefined => {
    if (options.requireSessionProof === false && call.sessionProof === undefined) return undefined;
    if (call.sessionProof === undefined || call.sessionProof === '') return guardRefusal('session_proof_required', 'show that you hold the session key of this grant (header cs-session-proof)');
    const proof = verifySessionProof(call.sessionProof, { grant: claims.jti, audience, jkt: claims.jkt, now: now() });
    return proof.ok ? undefined : guardRefusal(proof.code, proof.detail);
  };

  const checkHalts = (claims: GrantClaims): GuardRefusal | undefined => {
    if (halts.isStale()) return guardRefusal('halts_stale', 'the view of halts is older than 3 s; try again when it is live');
    const halt = halts.halted(claims, seniorHaltId(claims.run, claims.action));
    return halt && guardRefusal('halted', `stopped by halt ${halt.halt} (${halt.scope.kind})`);
  };

  const checkRevoked = (claims: GrantClaims): GuardRefusal | undefined => {
    if (revocations === undefined) return undefined;
    if (revocations.isStale()) return guardRefusal('revocations_stale', 'the view of revocations is older than 3 s; try again when it is live');
    const entry = revocations.size === 0 ? undefined : revocations.work(claims);
    return entry && guardRefusal('credential_revoked', `the ${entry.kind} of this grant was revoked`);
  };

  const useOf = (claims: GrantClaims): string => `use:${sha256Text(lengthPrefixed([audience, claims.tenant, claims.run, claims.action]))}`;

  const consume = async (claims: GrantClaims): Promise<GuardRefusal | undefined> => {
    try {
      // A store that lost its memory cannot say that an older grant is unused.
      if (store.forgets && claims.iat * 1000 <= (await store.startedAt())) return guardRefusal('grant_predates_store', 'the grant is older than the memory of the single-use store; propose the action again');
      const first = await store.setIfAbsent(useOf(claims), Math.max(1, claims.exp * 1000 - now()) + 60_000);
      return first ? undefined : guardRefusal('grant_used', 'this action was executed (or tried) already');
    } catch {
      return guardRefusal('hot_state_unavailable', 'the single-use store does not answer; nothing is executed without it');
    }
  };

  return {
    async check(call) {
      const verified = verifyGrant(call.grant, jwks, { now: now(), audience });
      if (!verified.ok) return guardRefusal(verified.code, verified.detail);
      if (serviceOfKey(verified.kid) !== signers.grants) return guardRefusal('wrong_signer', `grants are signed by ${signers.grants}`);
      const { claims } = verified;
      if (claims.observe === true && options.refuseObserved === true) return guardRefusal('observed_grant', 'given in observe mode, and this tool takes no such grants');
      if (claims.tool !== call.tool) return guardRefusal('wrong_tool', `the grant is for ${claims.tool}`);
      if (call.definition !== undefined && call.definition !== claims.definition) return guardRefusal('wrong_definition', 'the tool changed since the decision; propose the action again');
      if (digestOf(call.arguments) !== claims.args) return guardRefusal('wrong_arguments', 'the arguments are not those that were decided on');
      const refusal = checkSession(call, claims) ?? checkClaim(call, claims) ?? checkHalts(claims) ?? checkRevoked(claims);
      if (refusal !== undefined) return refusal;
      const used = await consume(claims);
      // The store may have taken its time: a halt, a revocation or the expiry that came meanwhile still wins.
      if (used !== undefined) return used;
      const late = checkHalts(claims) ?? checkRevoked(claims) ?? (now() >= claims.exp * 1000 ? guardRefusal('expired', 'the grant expired while its single use was being recorded') : undefined);
      if (late === undefined) return { ok: true, claims };
      // Nothing ran: whoever is told to try again must find the use free. Where it cannot be given back it stays used.
      await store.delete(useOf(claims)).catch(() => undefined);
      return late;
    },
  };
};

const digestOf = (args: unknown): string | undefined => {
  try {
    return argumentsDigest(args);
  } catch {
    return undefined;
  }
};
