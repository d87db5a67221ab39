import { bindingOf } from '@countersign/kernel';
import type { ChannelAuthority } from '@countersign/kernel';
import type { ApprovalAsked, ApprovalEvidence, JsonObject, Tier, Vote } from '@countersign/contracts';

/** What the people are shown, as it was when they were asked. `reason` is the agent's own text: untrusted, to be rendered inert. */
export type Evidence = ApprovalEvidence;
/** What a run was told to do, and who signed that; null: nobody did. */
export type Instruction = NonNullable<Evidence['instruction']>;

/** What an approval asks, as policy decided it. `answers` is the governed position of that decision, `digest` commits to what people are shown. */
export interface Question {
  readonly approval: string;
  readonly tenant: string;
  readonly run: string;
  readonly action: string;
  readonly agent: string;
  readonly tool: string;
  readonly answers: number;
  readonly digest: string;
  readonly tier: Tier;
  /** Epoch ms; the moment it expires. */
  readonly expiresAt: number;
  /** Whom policy asks and by which clock. */
  readonly ask: ApprovalAsked;
  readonly round: number;
  readonly evidence: Evidence;
  readonly evidenceDigest: string;
  /** A bad request that nobody made, put among the others to see who looks. Nothing comes of it, and nobody sees that it is one before it is closed; who put it there does not vote on it. */
  readonly seededBy?: string;
}

/** The object that the question's digest is the digest of. */
export const bindingFor = ({ evidence, ask, seededBy: _, ...question }: Question): JsonObject => bindingOf({
  ...question, message: { arguments: evidence.arguments }, facts: evidence.facts, decision: { tier: question.tier, rules: evidence.rules, policyVersion: evidence.policyVersion, approval: ask },
}) as JsonObject;

/** An approval that holds only until then (epoch seconds) and only for what moves no more than the cap. */
export interface Conditions { readonly until?: number; readonly cap?: { readonly minor: number; readonly currency: string } }

export interface Edit { readonly person: string; readonly arguments: JsonObject; readonly reason: string; readonly jws: string }

export type Resolution = 'approved' | 'denied' | 'expired' | 'cancelled' | 'edited' | 'overflow';

/** What is known of somebody at the moment they speak: the roles they hold, since when, and out of which channel. */
export interface Speaker { readonly person: string; readonly roles: readonly string[]; readonly rolesSince?: Readonly<Record<string, number>> | undefined; readonly channel?: ChannelAuthority | null | undefined; readonly standsFor?: string | undefined; /** Epoch ms; of somebody who agreed before it was asked. */ readonly agreedAt?: number | undefined }

/** In the order of an approval's life. Channels tell people of all but `voted` and `asked`, and show those. */
export type ApprovalEvent =
  | { readonly type: 'requested'; readonly question: Question; readonly at: number }
  /** Too few people can fill these places: somebody has to be told, and nothing passes for it. */
  | { readonly type: 'unfilled'; readonly factors: readonly string[]; readonly at: number }
  /** The nth reminder, from 0; `due` when it should have been. */
  | { readonly type: 'reminded'; readonly reminder: number; readonly due: number; readonly at: number }
  /** From `due` on these may vote as well. */
  | { readonly type: 'escalated'; readonly escalation: number; readonly roles: readonly string[]; readonly people: readonly string[]; readonly due: number; readonly at: number }
  /** Somebody who was asked wants to know something. The clock goes on. */
  | { readonly type: 'asked'; readonly person: string; readonly text: string; readonly jws: string; readonly at: number }
  | { readonly type: 'voted'; readonly vote: Vote; readonly speaker: Speaker; readonly reason: string; /** A requester whom a small team lets vote. */ readonly relaxed?: true; readonly at: number }
  /** What somebody who was asked wants instead: policy judges it anew and asks others. */
  | { readonly type: 'edited'; readonly edit: Edit; readonly at: number }
  /** Policy did not find the votes to hold (somebody lost a role, a freeze began): they are void, and people are asked on. */
  | { readonly type: 'reopened'; readonly why: string; readonly at: number }
  /** These went ahead without the quorum; everybody who was not heard is to be told. */
  | { readonly type: 'glass_broken'; readonly people: readonly string[]; readonly at: number }
  | { readonly type: 'glass_reviewed'; readonly person: string; readonly verdict: 'right' | 'wrong'; readonly reason: string; readonly jws: string; readonly at: number }
  | { readonly type: 'resolved'; readonly resolution: Resolution; readonly at: number };
