import type { BusMessage } from '@countersign/bus';
import { topics } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';

/** Why a message is not the word of who may write its topic: the code of the refusal; undefined where it is, or where nobody signs what stands there. */
export type RefusalOf = (message: BusMessage) => string | undefined;

/**
 * Holds a message against the writers that contracts/topics.yaml declares. Topics whose writers have keys take nothing unsigned; governed records and dead
 * letters are signed by nobody (key null), so the broker's ACL alone says who wrote them (THREATS).
 */
export const createRefusals = (keys: KeySet): RefusalOf => {
  const signed = new Map(Object.values(topics).flatMap(({ name, writers }): [string, Readonly<Record<string, readonly string[]>>][] => {
    const signers = writers.flatMap(({ key, types }) => (key === null ? [] : types.map((type) => [type, [key]] as const)));
    return signers.length === 0 ? [] : [[name, Object.fromEntries(signers)]];
  }));
  return (message) => {
    const signers = signed.get(message.topic);
    if (signers === undefined) return undefined;
    const verified = verifyServiceMessage(message, keys, signers);
    return verified.ok ? undefined : verified.code;
  };
};
