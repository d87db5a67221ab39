import { attest, chainHash, chainStart, computeProof, messageDigestInput } from './message-proof.ts';
import type { ProvenFields } from './message-proof.ts';
import type { KeyObject } from 'node:crypto';

/** What a sender gives for its next message; the chain adds seq and prev. */
export type Unchained = Omit<ProvenFields, 'seq' | 'prev'>;

/** Headers of one message, fixed once made: a resend repeats them byte for byte. */
export interface ChainLink {
  readonly seq: number;
  /** Chain hash of this message. */
  readonly hash: Buffer;
  readonly headers: Readonly<Record<'cs_seq' | 'cs_prev' | 'cs_proof', string>>;
}

/** The sending end of a message chain: belongs to (run, session key) and survives token renewal. */
export interface Chain {
  /** Takes the next seq. Every link made must be sent, in order. */
  next(message: Unchained, proofKey: Uint8Array): ChainLink;
  /** Signs the head with the session key: what `cs_attest` carries. */
  attestHead(sessionKey: KeyObject): string;
  readonly nextSeq: number;
  readonly head: Uint8Array;
}

/** @param resume seq and head of a chain to go on with (a restarted runtime that kept its session key) */
export const createChain = (resume?: { readonly nextSeq: number; readonly head: Uint8Array }): Chain => {
  let nextSeq = resume?.nextSeq ?? 0;
  let head: Uint8Array = resume?.head ?? chainStart;
  return {
    next(message, proofKey) {
      const seq = nextSeq;
      const prev = head;
      const input = messageDigestInput({ ...message, seq, prev });
      const hash = chainHash(input);
      const headers = { cs_seq: String(seq), cs_prev: Buffer.from(prev).toString('base64url'), cs_proof: computeProof(proofKey, input) };
      nextSeq = seq + 1;
      head = hash;
      return { seq, hash, headers };
    },
    attestHead: (sessionKey) => attest(head, sessionKey),
    get nextSeq() { return nextSeq; },
    get head() { return head; },
  };
};
